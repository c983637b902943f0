/** virtio-blk under our kernel: dd by megabytes and by pages, beside the same kernel on QEMU. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleSession } from './console-session.ts';
import type { Figure } from './figures.ts';
import { machines, type PeerMachine } from './machines.ts';

const PROMPT = /[#$] $/;
const DISK_MIB = 64;
const SMALL_BYTES = 4096;
const SMALL_COUNT = 4000;
const MB = 1e6;

interface Speed {
  readonly megabytes: number;
  readonly requests: number;
}

export async function diskFigures(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-disk-'));
  try {
    const image = join(folder, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, DISK_MIB << 20);
    const disk = ['-drive', `file=${image},format=raw,if=none,id=d`, '-device', 'virtio-blk-device,drive=d'];
    const [ours, theirs] = machines(disk);
    const speed = await speedOf(ours);
    const peer = theirs && (await speedOf(theirs));
    return [
      {
        group: 'disk',
        name: 'dd bs=1M in our kernel',
        value: speed.megabytes,
        unit: 'MB/s',
        ...(peer ? { peer: { name: 'qemu', value: peer.megabytes } } : {}),
      },
      {
        group: 'disk',
        name: 'dd bs=4k in our kernel',
        value: speed.requests,
        unit: 'IOPS',
        ...(peer ? { peer: { name: 'qemu', value: peer.requests } } : {}),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function speedOf({ command, args }: PeerMachine): Promise<Speed> {
  const session = new ConsoleSession(command, args);
  try {
    await session.waitFor(PROMPT);
    await session.run('true');
    const largeMs = await session.run(`dd if=/dev/vdb of=/dev/null bs=1M count=${DISK_MIB / 2} 2>/dev/null`);
    // Behind what the first one read: nothing of it is in the page cache.
    const skip = ((DISK_MIB / 2) << 20) / SMALL_BYTES;
    const smallMs = await session.run(
      `dd if=/dev/vdb of=/dev/null bs=${SMALL_BYTES} skip=${skip} count=${SMALL_COUNT} 2>/dev/null`,
    );
    return { megabytes: ((DISK_MIB / 2) << 20) / MB / (largeMs / 1000), requests: SMALL_COUNT / (smallMs / 1000) };
  } finally {
    session.kill();
  }
}
