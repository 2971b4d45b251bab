# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""logback.xml of the brokers.

The file lies in a ConfigMap that is mounted as a directory, and the broker looks at it every few seconds: a changed
level takes effect without a restart, as soon as the kubelet has brought the file (it may take two minutes).
Logs go to the console only: that is what `kubectl logs` and log collectors read, and it can't fill the disk.
"""

from __future__ import annotations

SCAN_SECONDS = 5

_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<configuration scan="true" scanPeriod="{scan} seconds">
    <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
        <encoder>
            <pattern>%d %-5level - %msg%n%ex</pattern>
        </encoder>
    </appender>
    <root level="{level}">
        <appender-ref ref="CONSOLE"/>
    </root>
    <logger name="migrations" level="WARN"/>
    <logger name="jetbrains.exodus" level="WARN"/>
    <logger name="org.eclipse.jetty" level="ERROR"/>
    <logger name="oshi" level="ERROR"/>
    <logger name="com.google.common.util.concurrent.Futures.CombinedFuture" level="OFF"/>
</configuration>
"""


def render(level: str) -> str:
    """logback.xml with the root logger at `level` (INFO, DEBUG or TRACE)."""
    return _TEMPLATE.format(scan=SCAN_SECONDS, level=level)
