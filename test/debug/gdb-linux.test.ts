/** gdb at Debian's unmodified Linux with two harts: by addresses of /proc/kallsyms, since its package has no symbols. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { file, QEMU_LIKE } from '../cli/cli.ts';
import { linuxGuest } from '../lib/linux-guest.ts';

const TIMEOUT_MS = 60_000;
const TRY_MS = 25;
const TRIES = 400;

const hasGdb = spawnSync('gdb-multiarch', ['--version']).status === 0;
const linux = hasGdb ? linuxGuest() : null;
const run = promisify(execFile);

test.skipIf(!linux)(
  'a breakpoint in a system call, registers, a watchpoint on the clock, and Linux lives on',
  async () => {
    const initrd = file('initrd', linux!.initrd(['virtio_mmio']).bytes);
    const args = [QEMU_LIKE, '-smp', '2', '-icount', 'auto', '-m', '256', '-kernel', linux!.kernel, '-initrd', initrd];
    args.push('-device', 'virtio-serial-device', '-append', 'console=ttyS0 quiet nokaslr');
    const symbols = ['do_sys_openat2', 'jiffies'];
    const grep = `grep -E " (${symbols.join('|')})$" /proc/kallsyms`;
    const { stdout } = await run(process.execPath, [...args, '--', grep], { timeout: TIMEOUT_MS });
    const [open, jiffies] = symbols.map(name => `0x${new RegExp(`^(\\w+) \\w ${name}$`, 'm').exec(stdout)?.[1]}`);

    const socket = join(mkdtempSync(join(tmpdir(), 'strata-gdb-')), 'gdb');
    const guest = spawn(process.execPath, [...args, '-S', '-gdb', `unix:${socket}`, '--', 'cat /proc/version; nproc'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let printed = '';
      guest.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()));
      const ended = new Promise<number | null>(resolve => guest.on('exit', resolve));
      for (let i = 0; i < TRIES && !existsSync(socket); i++) await new Promise(resolve => setTimeout(resolve, TRY_MS));
      const commands = [
        ...['set pagination off', 'set confirm off', 'set width 0', `target remote ${socket}`],
        ...[`hbreak *${open}`, 'continue', 'x/3i $pc', 'info registers pc a0 a1 a7 scause satp', 'info threads'],
        ...['p $pc == ' + open, 'x/i $ra', 'continue', 'delete', `watch *(long *)${jiffies}`, 'continue', 'continue'],
        ...['p/x $priv', 'delete', 'detach'],
      ];
      const gdb = await run('gdb-multiarch', ['-nx', '-batch', ...commands.flatMap(line => ['-ex', line])], {
        timeout: TIMEOUT_MS,
        env: { ...process.env, DEBUGINFOD_URLS: '' },
      });
      expect(gdb.stdout.match(/^(Thread \d+ hit )?Breakpoint 1, /gm)).toHaveLength(2);
      expect(gdb.stdout).toContain('$1 = 1\n');
      const values = [...gdb.stdout.matchAll(/(Old|New) value = (\d+)/g)].map(match => Number(match[2]));
      expect(values).toHaveLength(4);
      // A late tick adds those that were missed; nothing else writes it in between.
      expect(values[1]).toBeGreaterThan(values[0]!);
      expect(values[2]).toBe(values[1]);
      expect(values[3]).toBeGreaterThan(values[2]!);
      expect(gdb.stdout).toMatch(/CPU#0 \[.*\n.*CPU#1 \[/);
      expect(gdb.stdout).toContain('detached');
      expect(await ended).toBe(0);
      expect(printed).toMatch(/^Linux version .*\n2\n$/);
    } finally {
      guest.kill('SIGKILL');
    }
  },
  2 * TIMEOUT_MS,
);
