import { readdir, readFile, readlink } from 'node:fs/promises';

/** Number of a process's UDP sockets. */
export async function udpSockets(pid: number): Promise<number> {
  const tables = await Promise.all(
    ['udp', 'udp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const inodes = new Set(
    tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[9])),
  );
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1])).length;
}
