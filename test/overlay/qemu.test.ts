/** The overlay scripts on our kernel, on real QEMU: the same images, the same agent. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { MOUNT_SCRIPTS, reportCases, scriptCommand, scriptsImage } from '../lib/guest-script.ts';
import { parseKtap } from '../lib/ktap.ts';
import { hasQemu, QemuVm } from '../lib/qemu.ts';
import { overlayScripts } from './scripts.ts';

if (!hasQemu()) test.skip('qemu-system-riscv64 is not installed', () => {});
else {
  const dir = mkdtempSync(join(tmpdir(), 'strata-scripts-'));
  const scripts = join(dir, 'scripts.img');
  writeFileSync(scripts, scriptsImage());
  const vm = await QemuVm.start({ kernel: 'images/out/kernel.elf', drives: ['images/out/rootfs.img', scripts] });
  try {
    await vm.sh(MOUNT_SCRIPTS);
    for (const { name } of overlayScripts()) {
      const { stdout } = await vm.sh(scriptCommand(name));
      reportCases(`${name} on QEMU`, parseKtap(stdout));
    }
  } finally {
    vm.stop();
    rmSync(dir, { recursive: true });
  }
}
