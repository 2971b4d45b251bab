#!/bin/sh
# Turns a Debian root file system with Kubernetes and kind's files into a kind node.
set -eux
kubernetes=$1

chmod 755 /usr/local/bin/* /kind /kind/bin /kind/bin/*

# A node is a container: no devices, no log-in, no mounts of its own to set up.
rm -f /lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
    /lib/systemd/system/multi-user.target.wants/* \
    /etc/systemd/system/*.wants/* \
    /lib/systemd/system/local-fs.target.wants/* \
    /lib/systemd/system/sockets.target.wants/*udev* \
    /lib/systemd/system/sockets.target.wants/*initctl* \
    /lib/systemd/system/basic.target.wants/*
echo ReadKMsg=no >>/etc/systemd/journald.conf
systemctl mask systemd-binfmt.service

# kind's units expect the programs where kind's own image has them.
ln -sf /lib/systemd/systemd /sbin/init
for program in containerd ctr containerd-shim-runc-v2; do ln -sf "/usr/bin/$program" "/usr/local/bin/$program"; done
for program in kubelet kubeadm kubectl; do ln -sf /usr/local/bin/hyperkube "/usr/bin/$program"; done
mkdir -p /usr/local/sbin /opt/cni /etc/kubernetes/manifests
ln -sf /usr/sbin/runc /usr/local/sbin/runc
ln -sfn /usr/lib/cni /opt/cni/bin
systemctl enable kubelet.service containerd.service undo-mount-hacks.service

ctr oci spec \
    | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
        >/etc/containerd/cri-base.json
pause=$(kubeadm config images list --kubernetes-version "$kubernetes" | grep /pause:)
sed -i -e "s#sandbox_image = .*#sandbox_image = \"$pause\"#" \
    -e 's#restrict_oom_score_adj = false#restrict_oom_score_adj = true#' /etc/containerd/config.toml
printf %s "$kubernetes" >/kind/version
