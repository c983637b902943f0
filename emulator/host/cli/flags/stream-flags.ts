/** `-chardev`, `-serial`, `-monitor` and `-mon`: QEMU's words for the host ends of byte streams. */
import { UserError } from '../../../base/user-error.ts';
import type { StreamTarget } from '../../node/byte-stream.ts';
import { nearestHint } from './nearest.ts';
import { parseProps, splitFirst } from './option-list.ts';
import type { CliOptions, StreamFlag } from './options.ts';

const LOOPBACK = '127.0.0.1';
const KINDS = ['null', 'file', 'stdio', 'socket'];
const SOCKET_PROPS = ['path', 'host', 'port', 'server', 'wait', 'telnet', 'ipv4', 'ipv6', 'nodelay', 'delay'];
const TRUE = ['on', 'true', 'yes'];
const FORMS =
  'mon:stdio, file:NAME, unix:PATH,server=on,wait=off, tcp:HOST:PORT,…, telnet:HOST:PORT,…, chardev:ID or none';

const isOn = (props: ReadonlyMap<string, string>, name: string, otherwise = false): boolean => {
  const value = props.get(name);
  return value === undefined ? otherwise : TRUE.includes(value);
};

function bad(flag: string, value: string, hint: string): UserError {
  return new UserError(`-${flag} ${value}: not understood`, hint);
}

export function applyChardev(options: CliOptions, value: string): void {
  const [kind, rest] = splitFirst(value);
  const props = parseProps(rest);
  const id = props.get('id');
  if (!KINDS.includes(kind)) {
    const hint = kind === 'pty' ? 'there are no ptys here: ' : nearestHint(kind, KINDS);
    throw bad(
      'chardev',
      value,
      `${hint}write null,id=X or file,id=X,path=F or stdio,id=X or socket,id=X,path=F,server=on`,
    );
  }
  if (id === undefined) throw bad('chardev', value, 'name it with id=');
  const known = ['id', 'mux', 'logfile', ...(kind === 'socket' ? SOCKET_PROPS : ['path', 'append', 'signal'])];
  const unknown = [...props.keys()].find(name => !known.includes(name) || name === 'logfile');
  if (unknown !== undefined) throw bad('chardev', value, `${unknown} is not known here`);
  options.chardevs.push({ id, target: chardevTarget(kind, value, props) });
}

function chardevTarget(kind: string, value: string, props: ReadonlyMap<string, string>): StreamTarget {
  const path = props.get('path');
  switch (kind) {
    case 'stdio':
      return { kind: 'stdio' };
    case 'null':
      return { kind: 'none' };
    case 'file':
      if (path === undefined) throw bad('chardev', value, 'name the file with path=');
      return { kind: 'file', path, ...(isOn(props, 'append') ? { isAppended: true } : {}) };
    default: {
      const port = Number(props.get('port') ?? NaN);
      if (path === undefined && !(port >= 0 && port < 0x10000))
        throw bad('chardev', value, 'give the socket a path=, or host= and port=');
      return {
        kind: 'socket',
        address: path === undefined ? { host: props.get('host') ?? LOOPBACK, port } : { path },
        ...socketWays(props),
      };
    }
  }
}

/** As QEMU: a server waits for its client before the machine starts, unless told otherwise. */
function socketWays(props: ReadonlyMap<string, string>): { isServer: boolean; waits: boolean; isTelnet: boolean } {
  const isServer = isOn(props, 'server');
  const waits = isServer && isOn(props, 'wait', true) && !props.has('nowait');
  return { isServer, waits, isTelnet: isOn(props, 'telnet') };
}

/** QEMU's short form of a chardev, as `-serial` and `-monitor` take it. */
function parseStream(flag: string, value: string): StreamFlag {
  if (value === 'mon:stdio' || value === 'stdio') return { kind: 'stdio' };
  if (value === 'none' || value === 'null') return { kind: 'none' };
  const [kind = '', ...words] = value.split(':');
  const rest = words.join(':');
  switch (kind) {
    case 'chardev':
      return { kind: 'chardev', id: rest };
    case 'file':
      return { kind: 'file', path: rest };
    case 'unix':
    case 'tcp':
    case 'telnet': {
      const [where, options] = splitFirst(rest);
      const props = parseProps(options);
      const unknown = [...props.keys()].find(name => ![...SOCKET_PROPS, 'nowait'].includes(name));
      if (unknown !== undefined) throw bad(flag, value, `${unknown} is not known here`);
      const ways = socketWays(props);
      if (kind === 'unix') return { kind: 'socket', address: { path: where }, ...ways };
      const at = where.lastIndexOf(':');
      const port = Number(where.slice(at + 1));
      if (at < 0 || !/^\d+$/.test(where.slice(at + 1)) || port > 0xffff)
        throw bad(flag, value, `write ${kind}:HOST:PORT`);
      const host = where.slice(0, at) || LOOPBACK;
      return { kind: 'socket', address: { host, port }, ...ways, isTelnet: ways.isTelnet || kind === 'telnet' };
    }
    case 'pty':
      throw bad(
        flag,
        value,
        `there are no ptys here: write ${kind === 'pty' ? 'unix:PATH,server=on,wait=off' : FORMS}`,
      );
    default:
      throw bad(flag, value, `write ${FORMS}`);
  }
}

export function applySerial(options: CliOptions, value: string): void {
  if (options.given.filter(name => name === 'serial').length > 1)
    throw bad('serial', value, 'the board has one serial port: leave the second -serial out');
  options.serial = parseStream('serial', value);
}

export function applyMonitor(options: CliOptions, value: string): void {
  options.monitor = parseStream('monitor', value);
}

export function applyMon(options: CliOptions, value: string): void {
  const props = parseProps(value.includes('=') ? value : `chardev=${value}`);
  const id = props.get('chardev');
  if (id === undefined) throw bad('mon', value, 'write chardev=ID,mode=readline');
  if ((props.get('mode') ?? 'readline') !== 'readline') throw bad('mon', value, 'there is no QMP here: mode=readline');
  options.monitor = { kind: 'chardev', id };
}

/**
 * After the last flag: names become chardevs, and each end has one user. The monitor may share a terminal with the serial
 * console, where it is behind Ctrl-A c.
 */
export function settleStreams(options: CliOptions): void {
  const users = new Map<string, string>();
  const settle = (flag: string, target: StreamFlag): StreamTarget => {
    if (target.kind !== 'chardev') return target;
    const chardev = options.chardevs.find(({ id }) => id === target.id);
    if (!chardev)
      throw new UserError(`-${flag}: no -chardev has the id ${target.id}`, `add -chardev stdio,id=${target.id}`);
    const isStdio = chardev.target.kind === 'stdio';
    const user = users.get(target.id);
    if (user !== undefined && !isStdio)
      throw new UserError(`chardev ${target.id}: -${user} and -${flag} both use it`, 'give each a chardev of its own');
    users.set(target.id, flag);
    return chardev.target;
  };
  options.serial = settle('serial', options.serial);
  const monitor = settle('monitor', options.monitor);
  options.monitor = monitor.kind === 'stdio' && options.serial.kind === 'stdio' ? { kind: 'none' } : monitor;
}
