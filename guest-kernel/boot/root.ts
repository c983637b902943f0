/** The first mount: `root=` (default: the first disk), `rootfstype=`, `rootflags=`; read-only, as init expects it. */
import { LOG_ERR, klogLine } from "../hal/log";
import { panic } from "../hal/panic";
import { Bytes, BytesBuilder, b } from "../lib/bytes";
import { failed } from "../lib/result";
import { BlockDevice, blockDevices } from "../dev/block-device";
import { majorOf, minorOf } from "../dev/dev-number";
import { FilesystemOut, FilesystemType, MountContext, filesystemTypes } from "../vfs/filesystem-type";
import { FsState, setKernelFs } from "../vfs/fs-context";
import { mountRoot } from "../vfs/mounting";
import { Path } from "../vfs/path";
import { argValue, hasArg } from "./bootargs";

export function mountRootFilesystem(): void {
  const device = rootDevice();
  if (device == null) {
    panic("no root device: give the machine a disk and name it with root=");
    return;
  }
  const readOnly = !hasArg("rw") || device.readOnly;
  const wanted = argValue("rootfstype");
  const flags = argValue("rootflags");
  const types = filesystemTypes();
  const source = b("/dev/" + device.name);
  for (let i = 0; i < types.length; i++) {
    const t = types[i];
    if (!t.needsDevice || (wanted != null && !wanted.equals(b(t.name)))) continue;
    if (tryMount(t, device, source, readOnly, flags == null ? Bytes.alloc(0) : flags)) return;
  }
  klogLine(
    new BytesBuilder().text("root device ").text(device.name).text(" holds no filesystem that this kernel knows"),
    LOG_ERR,
  );
  panic("unable to mount the root filesystem");
}

function tryMount(t: FilesystemType, device: BlockDevice, source: Bytes, readOnly: bool, flags: Bytes): bool {
  const out = new FilesystemOut();
  const ctx = new MountContext(source, readOnly, flags, device);
  const r = t.mount(ctx, out);
  ctx.settle();
  if (failed(r)) return false;
  const m = mountRoot(out.fs, source, readOnly);
  setKernelFs(FsState.at(new Path(m, m.root)));
  const line = new BytesBuilder()
    .text("VFS: Mounted root (")
    .text(t.name)
    .text(" filesystem)")
    .text(readOnly ? " readonly" : "");
  line.text(" on device ").dec(majorOf(device.rdev)).text(":").dec(minorOf(device.rdev));
  klogLine(line);
  return true;
}

function rootDevice(): BlockDevice | null {
  const devices = blockDevices();
  const name = argValue("root");
  if (name == null) return devices.length > 0 ? devices[0] : null;
  for (let i = 0; i < devices.length; i++) if (name.equals(b("/dev/" + devices[i].name))) return devices[i];
  return null;
}
