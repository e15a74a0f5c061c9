# A Debian 12 that boots systemd, with the package and all that apt wants besides, so that it can do without a network.
FROM debian:bookworm-slim
RUN echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/in-a-hurry
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends systemd-sysv
COPY *.deb /root/
RUN apt-get -qq update && apt-get -qq install --yes --download-only /root/*.deb
STOPSIGNAL SIGRTMIN+3
# What systemd expects of a machine, and would not change in a container.
CMD ["sh", "-c", "mount --make-rshared / && mount -o remount,rw /sys/fs/cgroup && exec /sbin/init"]
