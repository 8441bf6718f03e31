"""A hub of TUN devices: what one host sends reaches another late, not at all, or not while they are cut apart.

Arguments: device prefix, count of hosts, seed,
least and greatest delay (ms), least and greatest loss (percent).
Device i belongs to the address that ends in i + 1; device `count` is the driver's own, at 254, without faults.
Each ordered pair of hosts has a delay and a loss of its own, drawn from the ranges by the seed.
Input, a JSON line each: {"groups": [[0, 1], [2, 3]]} cuts groups apart; {"groups": []} heals. The end of the input ends it.
Output: one line when the devices are there, one with counts at the end.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
DRIVER_ADDRESS = 254
PACKET_BYTES_MAX = 65_536
QUEUE_MAX = 100_000
BURST = 64


def open_device(name):
    device = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack('16sH22s', name.encode(), IFF_TUN_NO_PI, b''))
    return device


class Hub:
    def __init__(self, prefix, count, seed, delays, losses):
        self.count = count
        self.random = random.Random(seed)
        self.devices = [open_device(f'{prefix}{i}') for i in range(count + 1)]
        self.delay = {}
        self.loss = {}
        for a in range(count):
            for b in range(count):
                self.delay[a, b] = self.random.uniform(*delays) / 1_000
                self.loss[a, b] = self.random.uniform(*losses) / 100
        self.group = {}
        self.queue = []
        self.order = 0
        self.counts = {'forwarded': 0, 'lost': 0, 'cut': 0}

    def obey(self, line):
        groups = json.loads(line)['groups']
        self.group = {host: number for number, group in enumerate(groups) for host in group}

    def take(self, source, packet):
        if packet[0] >> 4 != 4:
            return
        target = self.count if packet[19] == DRIVER_ADDRESS else packet[19] - 1
        if not 0 <= target <= self.count or target == source:
            return
        due = time.monotonic()
        if source < self.count and target < self.count:
            if self.group.get(source) != self.group.get(target):
                self.counts['cut'] += 1
                return
            if self.random.random() < self.loss[source, target] or len(self.queue) >= QUEUE_MAX:
                self.counts['lost'] += 1
                return
            due += self.delay[source, target]
        self.order += 1
        heapq.heappush(self.queue, (due, self.order, target, packet))

    def deliver_due(self):
        now = time.monotonic()
        while self.queue and self.queue[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.queue)
            try:
                os.write(self.devices[target], packet)
                self.counts['forwarded'] += 1
            except OSError:
                self.counts['lost'] += 1

    def read_burst(self, source):
        for _ in range(BURST):
            try:
                packet = os.read(self.devices[source], PACKET_BYTES_MAX)
            except OSError:
                return
            self.take(source, packet)

    def run(self):
        inputs = {device: index for index, device in enumerate(self.devices)}
        orders = sys.stdin.fileno()
        os.set_blocking(orders, False)
        pending = b''
        while True:
            self.deliver_due()
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else 1.0
            ready, _, _ = select.select([orders, *inputs], [], [], wait)
            for one in ready:
                if one != orders:
                    self.read_burst(inputs[one])
                    continue
                data = os.read(orders, PACKET_BYTES_MAX)
                if not data:
                    return
                *lines, pending = (pending + data).split(b'\n')
                for line in lines:
                    self.obey(line)


def main():
    prefix, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    least_delay, most_delay, least_loss, most_loss = map(float, sys.argv[4:8])
    hub = Hub(prefix, count, seed, (least_delay, most_delay), (least_loss, most_loss))
    print('ready', flush=True)
    hub.run()
    print(json.dumps(hub.counts), flush=True)


main()
