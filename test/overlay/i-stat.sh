#!/bin/sh
# Group I: attributes and identity.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/merged/a" "$1/l2/merged/b" "$1/l1/low/a" "$1/l1/low/b"
  echo low > "$1/l1/f"
  echo low > "$1/l1/g"
  chown 3:4 "$1/l1/f"
  chmod 640 "$1/l1/f"
  chown 5:6 "$1/l2/merged"
  chmod 700 "$1/l2/merged"
  chown 7:8 "$1/l1/merged"
  chmod 711 "$1/l1/merged"
}

cases() {
  overlay i l1:l2
  mkdir -p "$M/pure/x"
  is 'I6 a merged directory counts one link' "$(stat -c %h "$M/merged")" 1
  is 'I6 a lower one its own' "$(stat -c %h "$M/low")" "$(stat -c %h "$LOWER/l1/low")"
  is 'I6 an upper one too' "$(stat -c %h "$M/pure")" "$(stat -c %h "$UPPER/pure")"
  is 'I10 a file shows its layer' "$(stat -c '%u %g %a %s' "$M/f")" '3 4 640 4'
  is 'I10 a directory shows the topmost' "$(stat -c '%u %g %a' "$M/merged")" '7 8 711'
  chmod 750 "$M/merged"
  is 'I10 the upper once there is one' "$(stat -c '%u %g %a' "$M/merged")" '7 8 750'
  is 'I11 statfs says overlayfs' "$(stat -f -c %t "$M")" 794c7630
  is 'I11 with the numbers of the upper' "$(stat -f -c '%S %b' "$M")" "$(stat -f -c '%S %b' "$UPPER")"
  is 'I11 and its name length' "$(stat -f -c %l "$M")" 255
  before=$(stat -c %i "$M/g")
  echo more >> "$M/g"
  is 'I2 copy-up keeps the inode number' "$(stat -c %i "$M/g")" "$before"
  is 'I5 two files never share one' "$(for i in f g low merged pure; do stat -c %d:%i "$M/$i"; done | sort | uniq -d)" ''
  is 'I9 content and size agree' "$(stat -c %s "$M/g")" "$(cat "$M/g" | wc -c | tr -d ' ')"
}

main "$@"
