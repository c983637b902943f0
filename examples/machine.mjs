// A kernel of your own on the bare machine: `node examples/machine.mjs KERNEL [COMMAND LINE]`. The status is the guest's.
import { drive, Machine, machineConfig } from 'strata';

const [kernel, append] = process.argv.slice(2);
const machine = new Machine(machineConfig({ kernel, append, drives: [], icount: 'real' }));
machine.onConsole = bytes => process.stdout.write(bytes);
process.stdin.on('data', bytes => machine.type(bytes));
machine.powerOn();
await drive(machine);
process.exit(machine.exitCode);
