/** The monitor at a stream of its own (-monitor unix:…, -mon chardev=…): a prompt, a line in, text out. */
import { fromUtf8, utf8 } from '../../../base/bytes.ts';
import { runMonitorCommand, type MonitorHost } from '../../../debug/monitor.ts';
import type { ByteStream } from '../../node/byte-stream.ts';

/** QEMU's: programs that talk to a monitor wait for it. */
const PROMPT = '(qemu) ';

export function serveMonitor(host: MonitorHost, stream: ByteStream): void {
  let pending = '';
  const say = (text: string): void => stream.write(utf8(text.replaceAll(/\r?\n/g, '\r\n')));
  stream.onClient = () => {
    pending = '';
    say(`strata monitor: type help\n${PROMPT}`);
  };
  stream.onData = bytes => {
    const lines = (pending + fromUtf8(bytes)).split(/\r\n|[\r\n]/);
    pending = lines.pop()!;
    for (const line of lines) {
      say(runMonitorCommand(host, line.replaceAll('\0', '')));
      if (host.machine.exitCode !== undefined) return;
      say(PROMPT);
    }
  };
}
