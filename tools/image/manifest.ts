/**
 * Manifests: JSON that says which paths an image holds. One row a path; parents must stand before children.
 *
 *   { "label": "strata", "spareBlocks": 64, "entries": [
 *     { "path": "/bin", "mode": "755" },
 *     { "path": "/bin/tool", "source": "images/out/tool", "mode": "755" },
 *     { "path": "/etc/motd", "text": "hello\n" },
 *     { "path": "/dev/null", "char": [1, 3], "mode": "666" },
 *     { "path": "/bin/t", "symlink": "tool" },
 *     { "path": "/bin/u", "link": "/bin/tool" },
 *     { "path": "/l/d", "xattrs": { "trusted.overlay.opaque": "y" } },
 *     { "path": "/lib", "tree": "images/rootfs/lib" },
 *     { "path": "/bin", "applets": "guest-kernel/user/applets.ts", "symlink": "tool" } ] }
 */
import { UserError } from '../../emulator/base/user-error.ts';
import type { DirNode, NodeBase, TreeNode } from './tree.ts';

export interface ManifestEntry {
  path: string;
  /** Octal; 755 for directories and 644 for the rest by default. */
  mode?: string;
  uid?: number;
  gid?: number;
  mtime?: number;
  source?: string;
  text?: string;
  symlink?: string;
  /** Hard link to an earlier path. */
  link?: string;
  char?: [number, number];
  block?: [number, number];
  fifo?: boolean;
  /** A host directory whose files are copied with their execute bits. */
  tree?: string;
  xattrs?: Record<string, string>;
  /** In the directory `path`, made by an earlier row, a symlink for each `row("name", …)` of this file. */
  applets?: string;
}

export interface Manifest {
  label: string;
  spareBlocks?: number;
  entries: ManifestEntry[];
}

/** What the host's filesystem must answer; paths are relative to the project. */
export interface Sources {
  read(path: string): Uint8Array;
  /** Names in byte order. */
  list(path: string): { name: string; isDir: boolean; isExecutable: boolean }[];
}

/** Builds the tree. Errors: UserError naming the entry. */
export function treeOf(manifest: Manifest, sources: Sources, time: number): DirNode {
  const root: DirNode = { kind: 'dir', mode: 0o755, uid: 0, gid: 0, mtime: time, entries: new Map() };
  for (const e of manifest.entries) {
    if (e.path === '/') {
      Object.assign(root, base(e, 0o755, time));
      continue;
    }
    const { dir, name } = locate(root, e.path);
    if (e.applets !== undefined) {
      addApplets(dir.entries.get(name), e, sources, time);
      continue;
    }
    if (dir.entries.has(name)) throw new UserError(`manifest: ${e.path} appears twice`, 'remove one of the rows');
    dir.entries.set(name, e.tree === undefined ? nodeOf(root, e, sources, time) : copyTree(e, e.tree, sources, time));
  }
  return root;
}

function base(e: ManifestEntry, defaultMode: number, time: number): NodeBase {
  const mode = e.mode === undefined ? defaultMode : parseInt(e.mode, 8);
  if (!(mode >= 0 && mode <= 0o7777)) {
    throw new UserError(`manifest: ${e.path}: mode ${e.mode} is not octal`, 'write it like "755"');
  }
  const node: NodeBase = { mode, uid: e.uid ?? 0, gid: e.gid ?? 0, mtime: e.mtime ?? time };
  if (e.xattrs) {
    const encoder = new TextEncoder();
    node.xattrs = Object.fromEntries(Object.entries(e.xattrs).map(([k, v]) => [k, encoder.encode(v)]));
  }
  return node;
}

function nodeOf(root: DirNode, e: ManifestEntry, sources: Sources, time: number): TreeNode {
  if (e.link !== undefined) {
    const { dir, name } = locate(root, e.link);
    const target = dir.entries.get(name);
    if (!target || target.kind === 'dir') {
      throw new UserError(`manifest: ${e.path} links to ${e.link}, which is no earlier file`, 'move its row up');
    }
    return target;
  }
  if (e.source !== undefined) return { kind: 'file', data: sources.read(e.source), ...base(e, 0o644, time) };
  if (e.text !== undefined) return { kind: 'file', data: new TextEncoder().encode(e.text), ...base(e, 0o644, time) };
  if (e.symlink !== undefined) return { kind: 'symlink', target: e.symlink, ...base(e, 0o777, time) };
  if (e.char) return { kind: 'char', major: e.char[0], minor: e.char[1], ...base(e, 0o644, time) };
  if (e.block) return { kind: 'block', major: e.block[0], minor: e.block[1], ...base(e, 0o644, time) };
  if (e.fifo) return { kind: 'fifo', ...base(e, 0o644, time) };
  return { kind: 'dir', entries: new Map(), ...base(e, 0o755, time) };
}

function addApplets(dir: TreeNode | undefined, e: ManifestEntry, sources: Sources, time: number): void {
  if (dir?.kind !== 'dir' || e.applets === undefined || e.symlink === undefined) {
    throw new UserError(`manifest: ${e.path}: applets need a directory and a symlink target`, 'add its row above');
  }
  const table = new TextDecoder().decode(sources.read(e.applets));
  const rows = [...table.matchAll(/^ *row\("([^"]+)"/gm)];
  if (rows.length === 0) throw new UserError(`manifest: ${e.applets}: no row("name", …)`, 'name the table of applets');
  for (const [, name] of rows) {
    dir.entries.set(name!, { kind: 'symlink', target: e.symlink, ...base(e, 0o777, time) });
  }
}

function copyTree(e: ManifestEntry, from: string, sources: Sources, time: number): DirNode {
  const dir: DirNode = { kind: 'dir', entries: new Map(), ...base(e, 0o755, time) };
  for (const { name, isDir, isExecutable } of sources.list(from)) {
    const entry: ManifestEntry = { path: `${e.path}/${name}` };
    const path = `${from}/${name}`;
    dir.entries.set(
      name,
      isDir
        ? copyTree(entry, path, sources, time)
        : { kind: 'file', data: sources.read(path), ...base(entry, isExecutable ? 0o755 : 0o644, time) },
    );
  }
  return dir;
}

function locate(root: DirNode, path: string): { dir: DirNode; name: string } {
  const parts = path.split('/').filter(p => p !== '');
  const name = parts.pop();
  if (!path.startsWith('/') || name === undefined || parts.includes('..') || name === '..') {
    throw new UserError(`manifest: ${path} is no absolute path`, 'write it like "/etc/motd"');
  }
  let dir = root;
  for (const part of parts) {
    const next = dir.entries.get(part);
    if (next?.kind !== 'dir') throw new UserError(`manifest: ${path}: ${part} is no directory`, 'add its row above');
    dir = next;
  }
  return { dir, name };
}
