/** The package `strata` in Node: `import { boot, Machine } from 'strata'`. Images may be named as files. */
export * from '../library.ts';
export { boot, machineConfig, powerOn, type BootOptions, type DriveOptions, type ImageFile } from './boot.ts';
export { builtImage, FileBackend } from './files.ts';
export { nodeSockets } from './sockets.ts';
