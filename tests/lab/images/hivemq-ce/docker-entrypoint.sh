#!/bin/sh
# Starts HiveMQ as process 1, so that it gets the signals of the container.
set -eu

allow_all=/opt/hivemq/extensions/hivemq-allow-all-extension
if [ "${HIVEMQ_ALLOW_ALL_CLIENTS:-true}" = false ] && [ -d "$allow_all" ]; then
    : >"$allow_all/DISABLED"
fi

# shellcheck disable=SC2086  # JAVA_OPTS is a list of words by convention
exec /opt/java/bin/java ${JAVA_OPTS:-} \
    -Djava.net.preferIPv4Stack=true \
    -Dhivemq.home=/opt/hivemq \
    --add-opens java.base/java.lang=ALL-UNNAMED \
    --add-opens java.base/java.nio=ALL-UNNAMED \
    --add-opens java.base/sun.nio.ch=ALL-UNNAMED \
    --add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED \
    --add-exports java.base/jdk.internal.misc=ALL-UNNAMED \
    -cp '/opt/hivemq/lib/*' com.hivemq.HiveMQServer
