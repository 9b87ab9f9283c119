"""Runs a command, records everything it sends and writes, and prints the record as JSON.

    unshare --net --mount python3 observe.py --named DIRECTORY [--named DIRECTORY ...] -- COMMAND ...

The command runs in its own network namespace. Loopback works. Everything else leaves through an interface with a default
route, where each packet is recorded and none is answered. A resolver answers and records every name, so that a program
goes on to connect. The file system is an overlay on that of the machine: writes below the named directories go there, all
others go to the overlay and are recorded.

Linux only; requires the privilege to create namespaces, `ip` (iproute2) and `mount`.
"""

import argparse
import ipaddress
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

RESOLVER = "127.0.0.53"
# Every name resolves to these addresses, which are reserved for documentation and behind the default route.
ANSWER_4 = socket.inet_pton(socket.AF_INET, "198.51.100.7")
ANSWER_6 = socket.inet_pton(socket.AF_INET6, "2001:db8:7::7")
OUTSIDE = "out0"
A, AAAA = 1, 28
TCP, UDP, ICMP = 6, 17, 1
# Messages of the kernel itself (neighbour, router and multicast discovery), not of a program.
KERNEL_ICMP6 = set(range(130, 138)) | {143}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def open_network():
    """Sets up loopback, and an interface for everything else."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", OUTSIDE, "type", "veth", "peer", "name", "out1")
    for version, prefix, gateway in [("-4", "192.0.2.1/24", "192.0.2.254"), ("-6", "2001:db8:1::1/64", "2001:db8:1::fe")]:
        run("ip", version, "addr", "add", prefix, "dev", OUTSIDE, *(["nodad"] if version == "-6" else []))
    for end in (OUTSIDE, "out1"):
        run("ip", "link", "set", end, "up")
    for version, gateway in [("-4", "192.0.2.254"), ("-6", "2001:db8:1::fe")]:
        # Without a known gateway, only a request for its hardware address would be sent.
        run("ip", version, "neigh", "add", gateway, "lladdr", "02:00:00:00:00:fe", "dev", OUTSIDE)
        run("ip", version, "route", "add", "default", "via", gateway, "dev", OUTSIDE)


class Record:
    """What was observed: each packet and name once, in order."""

    def __init__(self):
        self.lock = threading.Lock()
        self.packets, self.lookups = [], []

    def add(self, to, what):
        with self.lock:
            if what not in to:
                to.append(what)


def question(message):
    """Returns name and type of the question in a DNS message, and the offset of its end."""
    at, labels = 12, []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    (kind,) = struct.unpack_from(">H", message, at + 1)
    return ".".join(labels), kind, at + 5


def answer(message, record):
    """Returns the answer to a DNS message: every name exists."""
    name, kind, end = question(message)
    record.add(record.lookups, name)
    address = {A: ANSWER_4, AAAA: ANSWER_6}.get(kind)
    head = message[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if address else 0, 0, 0)
    resource = struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(address)) + address if address else b""
    return head + message[12:end] + resource


def resolve(record):
    """Starts a resolver that answers every name, over UDP and TCP."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((RESOLVER, 53))
    streams = socket.create_server((RESOLVER, 53))

    def over_udp():
        while True:
            message, sender = datagrams.recvfrom(4096)
            datagrams.sendto(answer(message, record), sender)

    def over_tcp():
        while True:
            stream, _ = streams.accept()
            with stream:
                reply = answer(stream.recv(4096)[2:], record)
                stream.sendall(struct.pack(">H", len(reply)) + reply)

    for each in (over_udp, over_tcp):
        threading.Thread(target=each, daemon=True).start()


def describe(frame):
    """Describes a packet, or returns None if the kernel itself sent it."""
    (kind,) = struct.unpack_from(">H", frame, 12)
    if kind == 0x0800:
        head, protocol, target = 14 + (frame[14] & 15) * 4, frame[23], frame[30:34]
    elif kind == 0x86DD:
        head, protocol, target = 54, frame[20], frame[38:54]
        if protocol == 0 or (protocol == 58 and frame[head] in KERNEL_ICMP6):
            return None
    else:
        return None
    address = ipaddress.ip_address(target)
    if protocol in (TCP, UDP):
        (port,) = struct.unpack_from(">H", frame, head + 2)
        return f"{'tcp' if protocol == TCP else 'udp'} {address} port {port}"
    return f"protocol {protocol} {address}"


def watch(record):
    """Records every packet that a program sends outside."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    packets.bind((OUTSIDE, 0))

    def capture():
        while True:
            frame, (_, _, direction, _, _) = packets.recvfrom(65535)
            what = describe(frame)
            if direction == socket.PACKET_OUTGOING and what:
                record.add(record.packets, what)

    threading.Thread(target=capture, daemon=True).start()


def overlay(named):
    """Mounts a view of the file system in which changes are kept apart, except in the named directories."""
    run("mount", "--make-rprivate", "/")
    base = tempfile.mkdtemp(prefix="observe-")
    run("mount", "-t", "tmpfs", "tmpfs", base)
    upper, work, root = (os.path.join(base, name) for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        os.mkdir(folder)
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", root)
    for folder in ["/proc", "/sys", "/dev", *named]:
        run("mount", "--rbind", folder, root + folder)
    # Shared memory is part of /dev, which would be that of the machine.
    run("mount", "-t", "tmpfs", "tmpfs", root + "/dev/shm")
    resolver = os.path.join(base, "resolv.conf")
    with open(resolver, "w", encoding="ascii") as file:
        file.write(f"nameserver {RESOLVER}\n")
    run("mount", "--bind", resolver, root + os.path.realpath("/etc/resolv.conf"))
    return base, root, upper


def changes(root, upper):
    """Lists files that were created, changed or removed outside the named directories, directories created there, and
    directories where something was created and removed again: the overlay has an empty copy of them."""
    found = set()
    for folder, folders, files in os.walk(upper):
        outside = os.path.normpath(os.path.join("/", os.path.relpath(folder, upper)))
        found |= {os.path.join(outside, name) for name in files}
        if folder != upper and (not os.path.lexists(outside) or not (folders or files)):
            found.add(outside)
    for folder, folders, files in os.walk(root + "/dev/shm"):
        found |= {os.path.join(folder, name).removeprefix(root) for name in folders + files}
    return sorted(found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--named", action="append", default=[])
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    record = Record()
    open_network()
    resolve(record)
    watch(record)
    base, root, upper = overlay([os.path.realpath(folder) for folder in arguments.named])
    here = os.getcwd()

    def enter():
        os.chroot(root)
        os.chdir(here)

    done = subprocess.run(arguments.command, preexec_fn=enter, stdout=sys.stderr, check=False)
    report = {"status": done.returncode, "packets": record.packets, "lookups": record.lookups, "written": changes(root, upper)}
    run("umount", "--recursive", "--lazy", base)
    os.rmdir(base)
    print(json.dumps(report))


main()
