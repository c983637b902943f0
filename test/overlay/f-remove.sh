#!/bin/sh
# Group F: unlink and rmdir.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/d/sub" "$1/l1/empty" "$1/l1/part" "$1/l2/part" "$1/l1/tree/a/b" "$1/l1/renew"
  for name in f g open d/x d/sub/y part/one tree/a/b/deep tree/a/file renew/x stale; do
    echo low > "$1/l1/$name"
  done
  echo low > "$1/l2/part/two"
}

cases() {
  overlay f l1:l2
  fails 'F1 unlink of a directory' "$EISDIR" rm "$M/d"
  is 'F1 it is still there' "$(names "$M/d")" 'sub x'
  fails 'F2 rmdir of a file' "$ENOTDIR" rmdir "$M/f"
  fails 'F3 rmdir of a directory that a lower fills' "$ENOTEMPTY" rmdir "$M/d"
  fails 'F3 also when the upper has an empty one' "$ENOTEMPTY" sh -c 'chmod 700 "$1" && rmdir "$1"' sh "$M/d"
  fails 'F9 rmdir of .' "$EINVAL" rmdir "$M/d/."

  ok 'F3 an empty lower directory' rmdir "$M/empty"
  is 'F3 leaves a whiteout' "$(kind "$UPPER/empty")" whiteout
  rm "$M/part/one" "$M/part/two"
  is 'F4 a directory whose upper holds whiteouts alone looks empty' "$(names "$M/part")" ''
  is 'F4 but is not' "$(names "$UPPER/part")" 'one two'
  ok 'F4 is removed' rmdir "$M/part"
  is 'F4 and leaves a whiteout' "$(kind "$UPPER/part")" whiteout
  ok 'F4 rm -r of a lower tree' rm -r "$M/tree"
  is 'F4 leaves one whiteout' "$(kind "$UPPER/tree")" whiteout
  is 'F4 and nothing in the work directory' "$(staged)" ''

  echo more >> "$M/f"
  rm "$M/f"
  is 'F6 a copied-up file leaves a whiteout' "$(kind "$UPPER/f")" whiteout
  fails 'F6 the lower does not show' "$ENOENT" cat "$M/f"
  echo new > "$M/new" && rm "$M/new"
  is 'F7 a file of the upper alone leaves nothing' "$(kind "$UPPER/new")" nothing
  mkdir "$M/newdir" && echo x > "$M/newdir/x" && rm -r "$M/newdir"
  is 'F7 nor does a directory' "$(kind "$UPPER/newdir")" nothing

  rm -r "$M/renew" && mkdir "$M/renew" && echo y > "$M/renew/y"
  is 'F5 removed, remade and filled' "$(names "$M/renew")" y
  ok 'F5 and removed again' rm -r "$M/renew"
  is 'F5 leaves a whiteout' "$(kind "$UPPER/renew")" whiteout

  exec 3< "$M/open"
  rm "$M/open"
  is 'F12 an open lower file survives its name' "$(cat <&3)" low
  exec 3<&-
  echo one > "$M/held"
  exec 3<> "$M/held"
  rm "$M/held"
  echo two > "$M/held"
  is 'F12 an open upper file survives, and is not the new one' "$(cat <&3)" one
  exec 3<&-
  is 'F12 the new one is itself' "$(cat "$M/held")" two

  echo more >> "$M/stale"
  rm "$UPPER/stale"
  fails 'F8 an upper changed behind its back' "$ESTALE|$ENOENT" rm "$M/stale"
  fails 'F9 rmdir of what is not there' "$ENOENT" rmdir "$M/none"
}

main "$@"
