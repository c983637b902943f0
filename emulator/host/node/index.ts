/** The library for Node: `import { boot } from 'strata/dist/strata.mjs'`. */
export { boot, powerOn, type BootOptions, type DriveOptions } from './boot.ts';
export type { CommandOptions, CommandResult, VmSnapshot } from '../../session/vm.ts';
export { Vm } from '../../session/vm.ts';
export { AgentClient } from '../../session/agent-client.ts';
export { UserError } from '../../base/user-error.ts';
