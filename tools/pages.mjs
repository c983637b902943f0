/**
 * The pages' check: every relative link of README, ARCHITECTURE and docs/ leads to a file, and so does every
 * file of ours that stands in backquotes, by its path or the end of it. Prints what leads nowhere; status 1 if anything.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n');
/** Not the changelog, which tells of files as they were. */
const PAGES = FILES.filter(file => /^(?:README|ARCHITECTURE|docs\/.*)\.md$/.test(file));
const OUR_FILE = /^[\w.*-]+(?:\/[\w.*-]+)*\.(?:ts|mjs|md|sh)$/;
/** Made by the build. */
const MADE = /(?:^|\/)dist\/|\.gen\.ts$/;

const isThere = name => {
  const pattern = name
    .split('*')
    .map(part => part.replace(/[.+-]/g, '\\$&'))
    .join('[^/]*');
  return FILES.some(file => new RegExp(`(?:^|/)${pattern}$`).test(file));
};

let count = 0;
const lost = [];
for (const page of PAGES) {
  const text = readFileSync(page, 'utf8').replace(/^```[^]*?^```/gm, '');
  for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    count++;
    if (!existsSync(join(dirname(page), target))) lost.push(`${page}: link to ${target}`);
  }
  for (const [, name] of text.matchAll(/`([^`\s]+)`/g)) {
    if (!OUR_FILE.test(name) || MADE.test(name)) continue;
    count++;
    if (!isThere(name)) lost.push(`${page}: \`${name}\``);
  }
}
for (const line of lost) console.log(line);
console.log(`pages: ${count} links and files, ${lost.length} lead nowhere`);
process.exitCode = lost.length > 0 ? 1 : 0;
