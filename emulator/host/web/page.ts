/**
 * A page with one terminal: boots `?kernel=URL&root=URL&memory=MiB&append=TEXT` (default kernel.elf and rootfs.img beside
 * the page) in a worker. `globalThis.strata` gives tests and the curious what the terminal shows, and types.
 */
import { Terminal } from '@xterm/xterm';
import css from '@xterm/xterm/css/xterm.css';
import type { ToPage, ToWorker } from './messages.ts';

interface PageHandle {
  /** The terminal's lines, scrolled-away ones included. */
  text(): string;
  type(text: string): void;
  /** The guest's exit status, once it has ended. */
  status: number | undefined;
}

const DEFAULT_MEMORY_MIB = 128;

const style = document.createElement('style');
style.textContent = css;
document.head.append(style);

const terminal = new Terminal({ cursorBlink: true, scrollback: 5000, convertEol: false });
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
const tell = (message: ToWorker): void => worker.postMessage(message);
const handle: PageHandle = {
  text: () => {
    const buffer = terminal.buffer.active;
    const lines = Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)?.translateToString(true) ?? '');
    return lines.join('\n').trimEnd();
  },
  type: text => tell({ type: 'input', bytes: new TextEncoder().encode(text) }),
  status: undefined,
};
Object.assign(globalThis, { strata: handle });

terminal.open(document.getElementById('terminal') ?? document.body);
terminal.focus();
terminal.onData(handle.type);
terminal.onResize(({ rows, cols }) => tell({ type: 'resize', rows, columns: cols }));

worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
  switch (data.type) {
    case 'output':
      terminal.write(data.bytes);
      break;
    case 'ended':
      handle.status = data.status;
      terminal.write(`\r\n[the machine ended with status ${data.status}; reload to start it again]\r\n`);
      break;
    case 'failed':
      handle.status = 125;
      terminal.write(`\r\n${data.what}\r\n${data.hint}\r\n`);
  }
};

const query = new URLSearchParams(location.search);
const absolute = (url: string): string => new URL(url, location.href).href;
tell({ type: 'resize', rows: terminal.rows, columns: terminal.cols });
tell({
  type: 'start',
  kernelUrl: absolute(query.get('kernel') ?? 'kernel.elf'),
  rootUrl: query.get('root') === 'none' ? undefined : absolute(query.get('root') ?? 'rootfs.img'),
  memoryMiB: Number(query.get('memory') ?? DEFAULT_MEMORY_MIB),
  append: query.get('append') ?? '',
});
