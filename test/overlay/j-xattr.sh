#!/bin/sh
# Group J: extended attributes.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/d" "$1/l2/d"
  for name in f g h; do
    echo low > "$1/l1/$name"
  done
  setfattr -n trusted.overlay.opaque -v y "$1/l1/d"
  setfattr -n trusted.overlayfoo -v near "$1/l1/f"
  setfattr -n trusted.plain -v low "$1/l1/f"
}

cases() {
  overlay j l1:l2
  is 'J1 the overlay'"'"'s own are not listed' "$(xattrs "$M/d")" ''
  is 'J1 a name that only looks like it is' "$(xattrs "$M/f")" 'trusted.overlayfoo trusted.plain'
  is 'J3 nor can they be read' "$(xattr trusted.overlay.opaque "$M/d")" ''
  fails 'J3 the errno is ENODATA' 'No such attribute|No data available' \
    getfattr -n trusted.overlay.opaque "$M/d"
  ok 'J2 one of that name may be set' setfattr -n trusted.overlay.mine -v value "$M/f"
  is 'J2 read' "$(xattr trusted.overlay.mine "$M/f")" value
  is 'J2 and listed' "$(xattrs "$M/f")" 'trusted.overlay.mine trusted.overlayfoo trusted.plain'
  is 'J2 it is stored under another' "$(xattr trusted.overlay.overlay.mine "$UPPER/f")" value
  ok 'J2 and removed' setfattr -x trusted.overlay.mine "$M/f"
  is 'J2 then it is gone' "$(xattrs "$M/f")" 'trusted.overlayfoo trusted.plain'
  is 'D18 copy-up kept the lower'"'"'s' "$(xattr trusted.plain "$UPPER/f")" low
  fails 'J5 removing what is not there' 'No such attribute|No data available' setfattr -x trusted.none "$M/g"
  is 'J5 copies nothing up' "$(kind "$UPPER/g")" nothing
  is 'J3 the opaque mark still counts' "$(names "$M/d")" ''
  setfattr -n trusted.kept -v yes "$M/h"
  umount "$M"
  overlay j l1:l2
  is 'J10 they persist over a new mount' "$(xattr trusted.kept "$M/h")" yes
}

main "$@"
