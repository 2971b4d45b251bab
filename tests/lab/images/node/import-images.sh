#!/bin/sh
# Puts the images of /images.tar into the node image's own containerd.
set -eu
containerd >/tmp/containerd.log 2>&1 &
daemon=$!
tries=0
until ctr version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ]; then
        echo "containerd did not answer within 30 s" >&2
        cat /tmp/containerd.log >&2
        exit 1
    fi
    sleep 0.5
done
ctr -n k8s.io images import /images.tar
kill "$daemon"
wait "$daemon" || true
rm -f /images.tar /tmp/containerd.log
