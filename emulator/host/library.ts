/** What the package `strata` exports in Node and in browsers alike; host/node and host/web add their ways to images. */
export { UserError } from '../base/user-error.ts';
export type { GuestErrorLog } from '../bus/device.ts';
export { Privilege, type Cpu } from '../cpu/cpu.ts';
export { DEFAULT_FEATURES, type CpuFeatures } from '../isa/extensions.ts';
export type { DeviceSpec, MachineConfig, NamedBytes } from '../machine/config.ts';
export { drive } from '../machine/drive.ts';
export { Machine, Stop } from '../machine/machine.ts';
export { emptyTwin, SnapshotKeeper, type Snapshot } from '../machine/snapshot/snapshot.ts';
export type { DriveIdentity, SnapshotHost } from '../machine/snapshot/configuration.ts';
export { loadSnapshot, restoreSnapshot, type LoadedSnapshot } from '../machine/snapshot/load.ts';
export { saveSnapshot, snapshotPieces } from '../machine/snapshot/save.ts';
export { AgentClient } from '../session/agent-client.ts';
export type { CommonOptions, DriveImage, MachineOptions, NetOptions } from '../session/machine-options.ts';
export { Vm, type CommandOptions, type CommandResult, type VmSnapshot } from '../session/vm.ts';
export type { BlockBackend } from '../storage/block-backend.ts';
export { CowLayer } from '../storage/cow-layer.ts';
export { MemoryBackend } from '../storage/memory-backend.ts';
