import { beforeEach, expect, test } from 'vitest';
import { AgentClient, type ExecListener } from './agent-client.ts';
import { encodeFrame, FrameReader, FrameType, type Frame } from './frames.ts';

/** The guest's end of the channel. */
let received: Frame[];
let client: AgentClient;
let heard: string[];
let listener: ExecListener;

const say = (type: number, id: number, payload: Uint8Array): void => client.receive(encodeFrame({ type, id, payload }));
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const hello = (): void => say(FrameType.GuestHello, 0, words(1));

beforeEach(() => {
  const reader = new FrameReader();
  received = [];
  heard = [];
  client = new AgentClient(bytes => received.push(...reader.push(bytes)));
  listener = {
    onStdout: bytes => heard.push(`out ${text(bytes)}`),
    onStderr: bytes => heard.push(`err ${text(bytes)}`),
    onExit: (status, signal) => heard.push(`exit ${status} ${signal}`),
    onLost: () => heard.push('lost'),
  };
});

test('is ready after HELLO', () => {
  expect(client.isReady).toBe(false);
  hello();
  expect(client.isReady).toBe(true);
});

test('EXEC carries directory, arguments and environment', () => {
  hello();
  client.exec({ argv: ['ls', '-l'], env: { A: 'b' }, cwd: '/tmp', hasStdin: true }, listener);
  const { type, id, payload } = received[0]!;
  expect([type, id]).toEqual([FrameType.Exec, 1]);
  expect([...payload.subarray(0, 12)]).toEqual([...words(1, 2, 1)]);
  expect(text(payload.subarray(12))).toBe('/tmp\0ls\0-l\0A=b\0');
});

test('output and exit reach the command they belong to, and nobody else afterwards', () => {
  hello();
  const first = client.exec({ argv: ['a'] }, listener);
  const second = client.exec({ argv: ['b'] }, { ...listener, onStdout: () => heard.push('wrong') });
  expect(second.id).not.toBe(first.id);
  say(FrameType.Stdout, first.id, new TextEncoder().encode('x'));
  say(FrameType.Stderr, first.id, new TextEncoder().encode('y'));
  say(FrameType.Exit, first.id, words(143, 15));
  say(FrameType.Stdout, first.id, new TextEncoder().encode('late'));
  expect(heard).toEqual(['out x', 'err y', 'exit 143 15']);
});

test('standard input keeps to the window, and ends after its last byte', () => {
  hello();
  const command = client.exec({ argv: ['cat'], hasStdin: true }, listener);
  command.write(new Uint8Array(100_000));
  command.closeStdin();
  const sent = (): number => received.filter(f => f.type === FrameType.Stdin).reduce((n, f) => n + f.payload.length, 0);
  expect(sent()).toBe(65536);
  say(FrameType.Credit, command.id, words(65536));
  expect(sent()).toBe(100_000);
  expect(received.at(-1)).toMatchObject({ type: FrameType.Stdin, payload: new Uint8Array(0) });
});

test('an agent that starts anew has lost the commands', () => {
  hello();
  client.exec({ argv: ['a'] }, listener);
  hello();
  expect(heard).toEqual(['lost']);
});

test('frames that make no sense are ignored', () => {
  hello();
  const command = client.exec({ argv: ['a'] }, listener);
  say(FrameType.Exit, command.id, Uint8Array.of(1));
  say(FrameType.Credit, command.id, Uint8Array.of(1));
  say(0x99, command.id, words(1, 2));
  say(FrameType.Exit, 77, words(0, 0));
  expect(heard).toEqual([]);
});

test('what cannot be sent is an error of the caller', () => {
  hello();
  expect(() => client.exec({ argv: ['a\0b'] }, listener)).toThrow('NUL');
  expect(() => client.exec({ argv: ['x'.repeat(70_000)] }, listener)).toThrow('at most');
});

test('window size and signals', () => {
  hello();
  client.setWindowSize(24, 80);
  client.exec({ argv: ['a'] }, listener).signal(2);
  expect(received.map(f => [f.type, f.id, [...f.payload].slice(0, 4)])).toEqual([
    [FrameType.Winsize, 0, [24, 0, 80, 0]],
    [FrameType.Exec, 1, [0, 0, 0, 0]],
    [FrameType.Signal, 1, [2, 0, 0, 0]],
  ]);
});
