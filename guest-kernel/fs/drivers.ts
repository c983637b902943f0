/** Every filesystem that mount(2) knows: the only list of drivers, in the order of /proc/filesystems. */
import { registerFilesystem } from "../vfs/filesystem-type";
import { Ext4Type } from "./ext4/mount";
import { OverlayType } from "./overlay/mount";

export function registerDrivers(): void {
  registerFilesystem(new Ext4Type());
  registerFilesystem(new OverlayType());
}
