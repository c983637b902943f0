#!/bin/sh
# Group E: creating names.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/d/sub" "$1/l1/gone" "$1/l1/gid"
  for name in f w1 w2 w3 w4 w5 d/x d/sub/y gone/old; do
    echo low > "$1/l1/$name"
  done
  chown 0:50 "$1/l1/gid"
  chmod 2777 "$1/l1/gid"
}

cases() {
  overlay e l1
  fails 'E1 mkdir where a lower has a file' "$EEXIST" mkdir "$M/f"
  fails 'E1 mkdir where a lower has a directory' "$EEXIST" mkdir "$M/d"
  fails 'E1 mknod' "$EEXIST" mkfifo "$M/f"
  fails 'E1 link' "$EEXIST" ln "$M/f" "$M/w1"
  fails 'E1 symlink' "$EEXIST" ln -s x "$M/d/x"
  is 'E1 nothing was made' "$(kind "$UPPER/w1")" nothing

  echo new > "$M/d/sub/new"
  is 'E2 a new file belongs to its maker' "$(stat -c '%u %a' "$M/d/sub/new")" '0 644'
  (umask 077 && echo x > "$M/private" && mkdir "$M/closed")
  is 'E4 the umask counts' "$(stat -c %a "$M/private") $(stat -c %a "$M/closed")" '600 700'
  echo x > "$M/gid/file"
  mkdir "$M/gid/dir"
  is 'E3 a setgid directory gives its group' "$(stat -c %g "$M/gid/file")" 50
  is 'E3 and setgid to directories' "$(stat -c '%g %a' "$M/gid/dir")" '50 2755'

  rm "$M/w1" "$M/w2" "$M/w3" "$M/w4" "$M/w5"
  is 'E5 first there is a whiteout' "$(kind "$UPPER/w1")" whiteout
  echo new > "$M/w1"
  is 'E5 a file over a whiteout' "$(cat "$M/w1") $(kind "$UPPER/w1")" 'new file'
  ln -s target "$M/w2"
  is 'E5 a link over a whiteout' "$(readlink "$M/w2") $(kind "$UPPER/w2")" 'target link'
  mkfifo "$M/w3"
  is 'E17 a fifo over a whiteout' "$(kind "$UPPER/w3")" fifo
  ln "$M/w1" "$M/w4"
  is 'E9 a hard link over a whiteout' "$(stat -c %h "$M/w4") $(cat "$M/w4")" '2 new'
  mkdir "$M/w5"
  is 'E8 a directory over a whiteout' "$(kind "$UPPER/w5")" opaque
  is 'E5 nothing is left in the work directory' "$(staged)" ''

  rm -r "$M/gone"
  mkdir "$M/gone"
  is 'E6 a directory made over a removed one is empty' "$(names "$M/gone")" ''
  is 'E6 because it is opaque' "$(kind "$UPPER/gone")" opaque
  echo low > "$M/gone/old"
  ok 'E1 and its old names are free' rm "$M/gone/old"
  mkdir "$M/fresh"
  is 'E7 a directory over nothing is not opaque' "$(kind "$UPPER/fresh")" dir

  ln "$M/f" "$M/f2"
  is 'E9 the source of a link is copied up' "$(kind "$UPPER/f")" file
  is 'E12 both names count' "$(stat -c %h "$M/f")" 2
  echo more >> "$M/f2"
  is 'E12 and show the same' "$(cat "$M/f")" "low
more"
  fails 'E15 a file with a trailing slash' "$EISDIR" write "$M/none/" x
}

main "$@"
