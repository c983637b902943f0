/** Debian's unmodified riscv64 busybox-static on our kernel: programs that we did not write decide whether the ABI is Linux's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boot } from '../../emulator/host/node/index.ts';
import { writeExt4 } from '../../tools/image/ext4-writer.ts';
import { treeOf, type Manifest } from '../../tools/image/manifest.ts';
import { debianPackage } from '../../tools/debian/packages.ts';

/** Shell snippets for busybox's sh, and what they print on Linux. */
const SNIPPETS: readonly [name: string, script: string, stdout: string][] = [
  ['pipeline', 'echo hello world | tr a-z A-Z | rev | cut -c1-5', 'DLROW\n'],
  ['command substitution', 'x=$(echo $(seq 3)); echo "<$x>"', '<1 2 3>\n'],
  ['loops', 'for i in a b; do n=0; while [ $n -lt 2 ]; do n=$((n+1)); echo $i$n; done; done', 'a1\na2\nb1\nb2\n'],
  ['here-document', 'cat <<E | sed s/a/b/\na $((6*7))\nE', 'b 42\n'],
  ['find and sort', 'mkdir -p t/x/y; touch t/2 t/x/1 t/x/y/0; find t -type f | sort', 't/2\nt/x/1\nt/x/y/0\n'],
  ['grep', "printf 'one\\ntwo\\nthree\\n' | grep -n t | grep -v -c w", '1\n'],
  ['sed', "seq 5 | sed -n '2,4{s/$/!/;p}'", '2!\n3!\n4!\n'],
  ['awk', "seq 4 | awk '{s+=$1} END{print s}'", '10\n'],
  [
    'tar',
    'mkdir d; echo data > d/f; ln -s f d/l; tar cf a.tar d; rm -r d; tar xf a.tar; cat d/l; tar tf a.tar',
    'data\nd/\nd/f\nd/l\n',
  ],
  ['gzip', 'seq 1000 | gzip | gunzip | md5sum', '53d025127ae99ab79e8502aae2d9bea6  -\n'],
  ['background and wait', '(sleep 0.1; exit 3) & wait $!; echo $?', '3\n'],
  [
    'signals',
    "trap 'echo caught' USR1; kill -USR1 $$; sh -c 'kill -TERM $$' 2>&1; echo $?",
    'caught\nTerminated\n143\n',
  ],
  ['SIGPIPE', 'yes | head -n 1', 'y\n'],
  ['ps sees itself', 'ps -o comm | grep -cx ps', '1\n'],
  [
    'mount',
    'mkdir m; mount -t tmpfs x m; echo in > m/f; mount | grep -c "on /tmp/w/m type tmpfs"; umount m; ls m',
    '1\n',
  ],
  ['chroot', 'mkdir -p r/bin; cp /bin/busybox r/bin/; chroot r /bin/busybox pwd', '/\n'],
  ['df and stat', "stat -c %a:%F /tmp; df /tmp | tail -n 1 | awk '{print $6}'", '1777:directory\n/tmp\n'],
  ['dd', 'dd if=/dev/zero bs=1k count=64 2>/dev/null | wc -c', '65536\n'],
  ['fifo', 'mkfifo p; (echo through > p) & cat p', 'through\n'],
  ['uname', 'uname -sm', 'Linux riscv64\n'],
];

const busybox = debianPackage('busybox-static');

if (!busybox) test.skip("Debian's busybox-static cannot be downloaded here", () => {});
else {
  const program = readFileSync(join(busybox, 'usr/bin/busybox'));
  const base = JSON.parse(readFileSync('images/manifests/rootfs.json', 'utf8')) as Manifest;
  const manifest: Manifest = {
    ...base,
    entries: [...base.entries, { path: '/bin/busybox', source: 'busybox', mode: '755' }],
  };
  const read = (path: string): Uint8Array => new Uint8Array(path === 'busybox' ? program : readFileSync(path));
  const image = writeExt4(treeOf(manifest, { read, list: listEtc }, 0), {
    uuid: new Uint8Array(16).fill(1),
    label: 'busybox',
    time: 0,
  });
  const vm = await boot({ drives: [{ image, isReadOnly: true }] });
  await vm.sh('mkdir /tmp/w /tmp/bb && /bin/busybox --install -s /tmp/bb');
  const ready = vm.snapshot();

  describe("Debian's busybox", () => {
    for (const [name, script, stdout] of SNIPPETS) {
      test(name, async () => {
        vm.restore(ready);
        const r = await vm.exec(['/bin/busybox', 'sh', '-c', script], { cwd: '/tmp/w', env: { PATH: '/tmp/bb' } });
        expect(r).toEqual({ exitCode: 0, signal: 0, stdout, stderr: '' });
      });
    }
  });
}

/** images/rootfs/etc, the one tree of the manifest. */
function listEtc(): { name: string; isDir: boolean; isExecutable: boolean }[] {
  return ['group', 'hostname', 'passwd', 'profile'].map(name => ({ name, isDir: false, isExecutable: false }));
}
