/**
 * Random overlay scripts: a tree over two lowers and an upper, commands on the merged view, and dumps of what shows and of
 * what the upper holds. The same script runs on Linux and on our kernel, and must print the same.
 *
 * One thing is the tool's and not the kernel's: mv of a lower directory is a copy (EXDEV), in which GNU mv renames what it
 * can below it and ours copies all, so an upper directory may keep its opaque mark or not need one (1 of 120 seeds).
 */

const PATHS = ['a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/c', 'a/a/a', 'a/b/c'];

const PROLOGUE = `
export LC_ALL=C
umask 022
S=/tmp/overlay-random
mkdir -p $S && mount -t tmpfs -o mode=755 scratch $S && cd $S || exit 1
mkdir l1 l2 up work m
opaque() { setfattr -n trusted.overlay.opaque -v y "$1"; }
# A fifo would wait for its reader.
write() { [ ! -p "$1" ] && sh -c 'echo "$2" > "$1"' sh "$@"; }
append() { [ ! -p "$1" ] && sh -c 'echo "$2" >> "$1"' sh "$@"; }
shorten() { [ ! -p "$1" ] && truncate -s "$2" "$1"; }
# mv of a file onto itself, or of a directory onto something where the kernel says EXDEV, is the tool's own affair.
move() { if [ "$1" = "$2" ] || { [ -d "$1" ] && [ -e "$2" ]; }; then false; else mv -T "$1" "$2"; fi; }
link() { if [ -d "$2" ]; then false; else ln "$1" "$2"; fi; }
try() { if "$@" > /dev/null 2>&1; then echo "ok $*"; else echo "no $*"; fi; }
dump() {
  find "$1" | sort | while read -r f; do
    if [ -L "$f" ]; then
      echo "$f -> $(readlink "$f")"
    elif [ -d "$f" ]; then
      echo "$f $(stat -c '%a' "$f") $(getfattr -n trusted.overlay.opaque "$f" 2> /dev/null | grep -c '="y"')"
    elif [ -f "$f" ]; then
      echo "$f $(stat -c '%a %h' "$f") $(cat "$f" | tr '\\n' ' ')"
    else
      echo "$f $(stat -c '%F %t %T' "$f")"
    fi
  done
}
`;

const EPILOGUE = `
dump m
dump up
umount m
mount -t overlay -o lowerdir=l1:l2,upperdir=up,workdir=work o m
dump m
ls -A work/work | grep -v '^#' | head
cd / && umount $S/m && umount $S && rmdir $S
`;

function tree(roll: (n: number) => number, root: string, isUpper: boolean): string[] {
  const dirs = new Set(['']);
  const commands: string[] = [];
  for (const path of PATHS) {
    if (!dirs.has(path.split('/').slice(0, -1).join('/'))) continue;
    const at = `${root}/${path}`;
    const kind = roll(isUpper ? 9 : 7);
    if (kind < 3) {
      commands.push(`mkdir ${at}`);
      dirs.add(path);
      if (roll(5) === 0) commands.push(`opaque ${at}`);
    } else if (kind === 3) commands.push(`echo ${at} > ${at}`);
    else if (kind === 4) commands.push(`ln -s t${roll(9)} ${at}`);
    // Only the root is sure to merge; a whiteout elsewhere would be one that no overlay makes, and Linux lists those.
    else if (kind === 5 && !path.includes('/')) commands.push(`mknod ${at} c 0 0`);
  }
  return commands;
}

function command(roll: (n: number) => number): string {
  const path = (): string => `m/${PATHS[roll(PATHS.length)]!}`;
  const kinds = [
    () => `mkdir ${path()}`,
    () => `rmdir ${path()}`,
    () => `rm ${path()}`,
    () => `rm -r ${path()}`,
    () => `write ${path()} w${roll(10)}`,
    () => `append ${path()} a${roll(10)}`,
    () => `chmod 7${roll(8)}${roll(8)} ${path()}`,
    () => `ln -s x${roll(9)} ${path()}/s`,
    () => `mkfifo ${path()}`,
    () => `link ${path()} ${path()}`,
    () => `move ${path()} ${path()}`,
    () => `move ${path()} ${path()}`,
    () => `shorten ${path()} ${roll(4)}`,
    () => `setfattr -n trusted.k -v ${roll(10)} ${path()}`,
  ];
  return `try ${kinds[roll(kinds.length)]!()}`;
}

/** `roll(n)`: a number in [0, n). */
export function randomScript(roll: (n: number) => number, commands: number): string {
  return [
    PROLOGUE,
    ...tree(roll, 'l2', false),
    ...tree(roll, 'l1', false),
    ...tree(roll, 'up', true),
    'mount -t overlay -o lowerdir=l1:l2,upperdir=up,workdir=work o m || exit 1',
    ...Array.from({ length: commands }, () => command(roll)),
    EPILOGUE,
  ].join('\n');
}
