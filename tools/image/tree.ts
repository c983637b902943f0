/** A directory tree in memory: what a manifest describes and what the ext4 writer lays out. */

export interface NodeBase {
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Full names (`trusted.overlay.opaque`) to values. */
  xattrs?: Record<string, Uint8Array>;
}

export interface DirNode extends NodeBase {
  kind: 'dir';
  entries: Map<string, TreeNode>;
}
export interface FileNode extends NodeBase {
  kind: 'file';
  data: Uint8Array;
}
export interface LinkNode extends NodeBase {
  kind: 'symlink';
  target: string;
}
export interface DeviceNode extends NodeBase {
  kind: 'char' | 'block';
  major: number;
  minor: number;
}
export interface PipeNode extends NodeBase {
  kind: 'fifo' | 'socket';
}

/** Two names for one object are a hard link. */
export type TreeNode = DirNode | FileNode | LinkNode | DeviceNode | PipeNode;
