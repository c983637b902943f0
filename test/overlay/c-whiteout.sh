#!/bin/sh
# Group C: whiteouts and opaque directories.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1" "$1/l2/x" "$1/l2/d/sub" "$1/l2/op" "$1/l2/remade" "$1/l3"
  for name in a b c d/e d/sub/f op/g x/h x/i x/j remade/old; do
    echo low > "$1/l2/$name"
  done
  # C2: the second form, in a directory that says so.
  mkdir "$1/l1/x"
  setfattr -n trusted.overlay.opaque -v x "$1/l1/x"
  : > "$1/l1/x/h"
  setfattr -n trusted.overlay.whiteout -v y "$1/l1/x/h"
  : > "$1/l1/x/i"
  echo keep > "$1/l3/keep"
}

cases() {
  overlay c l1:l2:l3
  rm "$M/a" "$M/b"
  is 'C1 a removed lower file leaves a whiteout' "$(kind "$UPPER/a")" whiteout
  is 'C1 with mode 0' "$(stat -c %a "$UPPER/a")" 0
  is 'C1 all whiteouts are one inode' "$(stat -c %i "$UPPER/a")" "$(stat -c %i "$UPPER/b")"
  fails 'C10 stat does not see it' "$ENOENT" stat "$M/a"
  fails 'C10 open does not see it' "$ENOENT" cat "$M/a"
  is 'C10 a listing does not show it' "$(names "$M")" 'c d keep op remade x'
  is 'C8 nothing is left in the work directory' "$(staged)" ''

  fails 'C2 an empty file with the xattr is a whiteout' "$ENOENT" stat "$M/x/h"
  is 'C2 other empty files are files' "$(names "$M/x")" 'i j'

  echo new > "$M/new"
  mkdir "$M/newdir"
  rm "$M/new"
  rmdir "$M/newdir"
  is 'C7 what was only in the upper leaves no whiteout' "$(names "$UPPER")" 'a b'

  rm "$M/d/sub/f" && rmdir "$M/d/sub"
  is 'C7 a removed lower directory leaves one' "$(kind "$UPPER/d/sub")" whiteout
  mkdir "$M/d/sub"
  is 'C3 remade, it is opaque' "$(kind "$UPPER/d/sub")" opaque
  is 'C3 the mark is y' "$(xattr trusted.overlay.opaque "$UPPER/d/sub")" y
  is 'C3 nothing comes back' "$(names "$M/d/sub")" ''
  is 'C5 the mark is hidden' "$(xattrs "$M/d/sub")" ''
  is 'C5 and cannot be read' "$(xattr trusted.overlay.opaque "$M/d/sub")" ''
  echo x > "$M/d/sub/f" && rm "$M/d/sub/f"
  is 'C7 inside an opaque directory no whiteout is needed' "$(names "$UPPER/d/sub")" ''

  fails 'C6 a whiteout cannot be made by hand' "$EPERM" mknod "$M/w" c 0 0
  is 'C6 nothing was made' "$(kind "$UPPER/w")" nothing

  : > "$M/.wh..wh..opq"
  is 'C4 a marker file of another system means nothing' "$(names "$M/d")" 'e sub'
  mkdir "$M/op/.wh..wh..opq"
  is 'C4 nor does a directory of that name' "$(cat "$M/op/g")" low

  rm -r "$M/remade"
  mkdir "$M/remade"
  is 'C9 removed and remade, a directory is empty' "$(names "$M/remade")" ''
  umount "$M"
  overlay c l1:l2:l3
  is 'C9 also after a new mount' "$(names "$M/remade")" ''
  is 'C10 whiteouts hold after a new mount' "$(names "$M")" '.wh..wh..opq c d keep op remade x'
}

main "$@"
