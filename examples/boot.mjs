// Boots the machine, runs commands in it, and goes back in time: `node examples/boot.mjs`
import { boot } from 'strata';

const vm = await boot();
console.log((await vm.sh('uname -srm; mount | grep overlay')).stdout);
const booted = vm.snapshot();
const twin = vm.fork(booted);
await vm.sh('rm -rf /bin');
console.log('the twin still has', (await twin.sh('ls /bin')).stdout.split('\n').length - 1, 'programs');
vm.restore(booted);
console.log('and so have we:', (await vm.sh('ls /bin')).stdout.split('\n').length - 1);
