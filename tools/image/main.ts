/** The image program: two lines and status 125 for a user's mistake. */
import { runProgram } from '../run-program.ts';
import { main } from './cli.ts';

runProgram(() => main(process.argv.slice(2)));
