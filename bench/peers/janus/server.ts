import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../generator/index.ts';
import { SystemUnavailable } from '../../server-group/index.ts';
import type { MediaServer, StartOptions } from '../media-server.ts';
import { startServer } from '../own-process.ts';

/** Rooms are named by number, from 1. */
const ROOMS = 32;
const PEOPLE_PER_ROOM = 200;
const PLUGIN = 'libjanus_videoroom.so';
const TRANSPORT = 'libjanus_websockets.so';

/** Janus with its videoroom and two event loops: with a thread per peer, its default, it costs almost twice as much. @throws {SystemUnavailable} */
export async function startJanus({ address, group }: StartOptions): Promise<MediaServer> {
  const version = await janusVersion();
  const modules = await modulesFolder();
  const folder = await mkdtemp(path.join(tmpdir(), 'canopy-janus-'));
  const port = await freePort();
  const files = {
    'janus.jcfg': `general: {
  configs_folder = "${folder}"
  plugins_folder = "${path.join(modules, 'plugins')}"
  transports_folder = "${path.join(modules, 'transports')}"
  events_folder = "${path.join(modules, 'events')}"
  loggers_folder = "${path.join(modules, 'loggers')}"
  log_to_stdout = true
  debug_level = 2
  event_loops = 2
}
media: { ipv6 = false, rtp_port_range = "20000-29999" }
nat: { ice_lite = true, ice_tcp = false, ice_enforce_list = "${address}" }
plugins: { disable = "${await allBut(modules, 'plugins', PLUGIN)}" }
transports: { disable = "${await allBut(modules, 'transports', TRANSPORT)}" }
loggers: { disable = "libjanus_jsonlog.so" }
events: { broadcast = false }
`,
    'janus.transport.websockets.jcfg': `general: { json = "compact", ws = true, ws_port = ${port}, ws_ip = "127.0.0.1", wss = false }
admin: { admin_ws = false }
`,
    'janus.plugin.videoroom.jcfg': Array.from(
      { length: ROOMS },
      (_, index) =>
        `room-${index + 1}: { publishers = ${PEOPLE_PER_ROOM}, bitrate = 0, audiocodec = "opus", videocodec = "vp8", notify_joining = false }\n`,
    ).join(''),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), text);
  }
  const { close } = await startServer(group.wrap(['janus', '-F', folder]), { port, folder });
  return {
    access: { url: `http://127.0.0.1:${port}`, secret: '', farPort: await freePort() },
    version,
    group,
    close,
  };
}

async function janusVersion(): Promise<string> {
  try {
    // It ends with 1 after that.
    const { stdout } = await promisify(execFile)('/bin/sh', [
      '-c',
      'command -v janus && janus --version || true',
    ]);
    const version = /\((\d+\.\d+\.\d+)\)/.exec(stdout)?.[1];
    if (version !== undefined) {
      return version;
    }
  } catch {
    // Not installed.
  }
  throw new SystemUnavailable('Janus is not installed: on Debian and Ubuntu, apt install janus');
}

/** Where its plugins are: the package's folder differs by architecture. */
async function modulesFolder(): Promise<string> {
  const candidates = ['/usr/lib/janus', '/usr/local/lib/janus', '/opt/janus/lib/janus'];
  for (const name of await readdir('/usr/lib')) {
    candidates.push(path.join('/usr/lib', name, 'janus'));
  }
  for (const candidate of candidates) {
    const found = await access(path.join(candidate, 'plugins', PLUGIN)).then(
      () => true,
      () => false,
    );
    if (found) {
      return candidate;
    }
  }
  throw new SystemUnavailable('Janus is installed without its videoroom plugin');
}

async function allBut(modules: string, kind: string, wanted: string): Promise<string> {
  const files = await readdir(path.join(modules, kind));
  return files.filter((file) => file.endsWith('.so') && file !== wanted).join(',');
}
