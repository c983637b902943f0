/**
 * A machine's configuration as text, in the section `configuration`: the fields of MachineConfig under their own names.
 * Images are named there (the bytes are in sections of their own), a drive is its base's size and hash.
 */
import { savedNetwork } from '../../device/net/config.ts';
import { UserError } from '../../base/user-error.ts';
import { CowLayer } from '../../storage/cow-layer.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { WideHash } from '../../base/checksum.ts';
import type { GuestErrorLog } from '../../bus/device.ts';
import type { HostSockets } from '../../device/net/host-sockets.ts';
import { HARTS_MAX, VIRTIO_SLOTS, type DeviceSpec, type MachineConfig, type NamedBytes } from '../config.ts';
import { refuse } from './file.ts';

export const CONFIGURATION = 'configuration';
export const CONFIGURATION_VERSION = 1;
const HASH_PIECE_BYTES = 1 << 20;
export const IMAGE_KEYS = ['bios', 'kernel', 'initrd', 'dtb'] as const;
type ImageKey = (typeof IMAGE_KEYS)[number];

/** What stands for a backend. */
export interface DriveIdentity {
  /** What the backend called itself: a file's name. */
  readonly label: string;
  readonly sizeBytes: number;
  /** Of the base's contents. */
  readonly hash: string;
  readonly isReadOnly: boolean;
  /** Writes stay in memory, and are in the snapshot. */
  readonly hasLayer: boolean;
}

/** What a snapshot cannot bring along. */
export interface SnapshotHost {
  /** The base of a drive: the same contents as it had. Writes to it stay in memory. */
  openDrive(identity: DriveIdentity, nth: number): BlockBackend;
  readonly sockets?: HostSockets;
  readonly guestError?: GuestErrorLog;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;
type Check = (value: Json) => boolean;

const isNumber: Check = value => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = value => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoolean: Check = value => typeof value === 'boolean';
const isText: Check = value => typeof value === 'string';
const isList: Check = value => Array.isArray(value);
const isObject: Check = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isImage: Check = value => isObject(value) && isText((value as JsonObject)['name'] ?? null);

/** A small file, its bytes as text: two hexadecimal digits each. */
const isFile: Check = value => {
  if (!isObject(value)) return false;
  const { name = null, hex = null } = value as JsonObject;
  return isText(name) && isText(hex) && /^([0-9a-f]{2})*$/.test(hex as string);
};

/** One row for each field; a field that a reader does not know is refused, for the machine would be another one. */
const FIELDS: Record<Exclude<keyof MachineConfig, 'guestError'>, { check: Check; isOptional?: boolean }> = {
  memoryMiB: { check: isCount },
  bios: { check: value => value === 'default' || value === 'none' || isImage(value) },
  startsAtEntry: { check: isBoolean, isOptional: true },
  kernel: { check: isImage, isOptional: true },
  initrd: { check: isImage, isOptional: true },
  dtb: { check: isImage, isOptional: true },
  append: { check: isText },
  fwCfg: { check: value => isList(value) && (value as Json[]).every(isFile), isOptional: true },
  harts: {
    check: value => isCount(value) && (value as number) >= 1 && (value as number) <= HARTS_MAX,
    isOptional: true,
  },
  cpu: { check: value => isObject(value) && Object.values(value as JsonObject).every(isBoolean), isOptional: true },
  flash: { check: value => isList(value) && (value as Json[]).every(isFlash), isOptional: true },
  loaders: { check: () => false, isOptional: true },
  hasAclint: { check: isBoolean, isOptional: true },
  devices: { check: value => isList(value) && (value as Json[]).every(isDevice) },
  isVirtioLegacy: { check: isBoolean },
  icountShift: { check: isCount, isOptional: true },
  isRebootRefused: { check: isBoolean },
  epochMs: { check: isNumber },
  seed: { check: isNumber, isOptional: true },
};

const DEVICE_KINDS: Record<DeviceSpec['kind'], (device: JsonObject) => boolean> = {
  blk: ({ serial = null, drive = null }) => isText(serial) && isDrive(drive),
  console: () => true,
  rng: () => true,
  net: ({ mac = null, network = null }) => isText(mac) && /^[0-9a-f]{12}$/.test(mac as string) && isObject(network),
};

function isDevice(value: Json): boolean {
  if (!isObject(value)) return false;
  const device = value as JsonObject;
  const kind = device['kind'] as DeviceSpec['kind'];
  return Object.hasOwn(DEVICE_KINDS, kind) && DEVICE_KINDS[kind](device) && isPlace(device);
}

function isPlace({
  bus = 'mmio',
  slot: nth = 0,
  addr = { slot: 0, fn: 0 },
  isModernOnly = false,
}: JsonObject): boolean {
  if (!isCount(nth) || (nth as number) >= VIRTIO_SLOTS) return false;
  if ((bus !== 'mmio' && bus !== 'pci') || !isBoolean(isModernOnly) || !isObject(addr)) return false;
  const { slot = null, fn = null } = addr as JsonObject;
  return isCount(slot) && (slot as number) < 32 && isCount(fn) && (fn as number) < 8;
}

function isFlash(value: Json): boolean {
  if (!isObject(value)) return false;
  const { bank = null, drive = null } = value as JsonObject;
  return (bank === 0 || bank === 1) && isDrive(drive);
}

function isDrive(value: Json): boolean {
  if (!isObject(value)) return false;
  const { label = null, sizeBytes = null, hash = null, isReadOnly = null, hasLayer = null } = value as JsonObject;
  return isText(label) && isCount(sizeBytes) && isText(hash) && isBoolean(isReadOnly) && isBoolean(hasLayer);
}

export function configurationText(config: MachineConfig): string {
  const { guestError: _host, devices, fwCfg, flash, ...rest } = config;
  const images = Object.fromEntries(IMAGE_KEYS.flatMap(key => imageRow(key, config[key])));
  const files = fwCfg && { fwCfg: fwCfg.map(({ name, bytes }) => ({ name, hex: hexOf(bytes) })) };
  const banks = flash && { flash: flash.map(({ bank, backend }) => ({ bank, drive: identityOf(backend) })) };
  return JSON.stringify({ ...rest, ...images, ...files, ...banks, devices: devices.map(deviceRow) });
}

function imageRow(key: ImageKey, image: MachineConfig[ImageKey]): [string, Json][] {
  if (image === undefined || typeof image === 'string') return [];
  return [[key, { name: image.name, hash: hashOf(image.bytes) }]];
}

function deviceRow(spec: DeviceSpec): unknown {
  if (spec.kind === 'blk') {
    const { backend, ...rest } = spec;
    return { ...rest, drive: identityOf(backend) };
  }
  if (spec.kind === 'net') {
    const { sockets: _host, dumps: _files, ...rest } = spec;
    return { ...rest, mac: hexOf(spec.mac) };
  }
  return spec;
}

/** Checked as far as text can be: whether such a machine can be built is found out by building it. */
export function parseConfiguration(text: string): JsonObject {
  const bad = (what: string): UserError => refuse(CONFIGURATION, what);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw bad('not JSON');
  }
  if (!isObject(value)) throw bad('not an object');
  const fields = value as JsonObject;
  const unknown = Object.keys(fields).find(key => !Object.hasOwn(FIELDS, key));
  if (unknown !== undefined) throw bad(`the field ${unknown} is not known here`);
  for (const [key, { check, isOptional = false }] of Object.entries(FIELDS)) {
    const field = fields[key];
    if (field === undefined ? !isOptional : !check(field)) throw bad(`the field ${key} is ${shown(field)}`);
  }
  return fields;
}

const shown = (value: Json | undefined): string =>
  value === undefined ? 'absent' : JSON.stringify(value).slice(0, 80);

/** @param images the bytes of each image section */
export function configOf(
  fields: JsonObject,
  images: ReadonlyMap<string, Uint8Array>,
  host: SnapshotHost,
): MachineConfig {
  const config: Record<string, unknown> = { ...fields, guestError: host.guestError ?? (() => {}) };
  for (const key of IMAGE_KEYS) {
    const row = fields[key];
    if (row === undefined || typeof row === 'string') continue;
    config[key] = imageOf(key, row as JsonObject, images.get(key));
  }
  const files = fields['fwCfg'] as { name: string; hex: string }[] | undefined;
  if (files) config['fwCfg'] = files.map(({ name, hex }) => ({ name, bytes: fromHex(hex) }));
  let drives = 0;
  config['devices'] = (fields['devices'] as JsonObject[]).map(row => {
    if (row['kind'] === 'net') {
      const mac = fromHex(row['mac'] as string);
      const network = savedNetwork(row['network']);
      return { ...row, mac, network, ...(host.sockets ? { sockets: host.sockets } : {}) };
    }
    if (row['kind'] !== 'blk') return row;
    const { drive, ...rest } = row;
    return { ...rest, backend: backendOf(drive as unknown as DriveIdentity, drives++, host) };
  });
  const banks = fields['flash'] as { bank: number; drive: unknown }[] | undefined;
  if (banks) {
    config['flash'] = banks.map(({ bank, drive }) => ({
      bank,
      backend: backendOf(drive as DriveIdentity, drives++, host),
    }));
  }
  return config as unknown as MachineConfig;
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
const fromHex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], digits => parseInt(digits, 16));

function imageOf(key: string, row: JsonObject, bytes: Uint8Array | undefined): NamedBytes {
  if (!bytes) throw refuse(key, 'missing');
  if (hashOf(bytes) !== row['hash']) throw refuse(key, `is not the one that section ${CONFIGURATION} speaks of`);
  return { name: row['name'] as string, bytes };
}

function backendOf(identity: DriveIdentity, nth: number, host: SnapshotHost): BlockBackend {
  const base = host.openDrive(identity, nth);
  const name = `drive ${nth}`;
  if (base.sizeBytes !== identity.sizeBytes) {
    throw refuse(
      name,
      `${base.label ?? 'its image'} has ${base.sizeBytes} bytes, ${identity.label} had ${identity.sizeBytes}`,
      'give the image that the machine had',
    );
  }
  if (baseHash(base) !== identity.hash) {
    throw refuse(
      name,
      `${base.label ?? 'its image'} has other contents than ${identity.label} had`,
      'give the image that the machine had',
    );
  }
  return identity.hasLayer ? new CowLayer(base, identity.isReadOnly) : base;
}

function identityOf(backend: BlockBackend): DriveIdentity {
  const hasLayer = backend instanceof CowLayer;
  const base = hasLayer ? backend.base : backend;
  return {
    label: base.label ?? 'in memory',
    sizeBytes: base.sizeBytes,
    hash: baseHash(base),
    isReadOnly: backend.isReadOnly,
    hasLayer,
  };
}

/** Nobody writes below a layer: read once. */
const baseHashes = new WeakMap<BlockBackend, string>();

function baseHash(base: BlockBackend): string {
  const known = baseHashes.get(base);
  if (known !== undefined) return known;
  const hash = new WideHash();
  const piece = new Uint8Array(HASH_PIECE_BYTES);
  for (let at = 0; at < base.sizeBytes; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, base.sizeBytes - at));
    base.read(at, part);
    hash.push(part);
  }
  const found = hash.finish();
  baseHashes.set(base, found);
  return found;
}

function hashOf(bytes: Uint8Array): string {
  const hash = new WideHash();
  hash.push(bytes);
  return hash.finish();
}
