import { type Command, Option } from 'commander';
import { type Config, loadConfig } from '../base/index.ts';

/** Flags of every command that reads the configuration, and the setting behind each. */
const FLAGS = [
  ['--host <address>', 'server.host', 'address to listen on, for HTTPS, signalling and SIP (default all)'],
  ['--port <port>', 'server.port', 'TCP port for HTTPS and signalling (default 8443)'],
  [
    '--public-url <url>',
    'server.publicUrl',
    'address that people open, used in links (default http://localhost and the port)',
  ],
  ['--tls <mode>', 'server.tls', 'auto, or off for plain HTTP behind a proxy'],
  ['--tls-cert <file>', 'server.tlsCert', 'TLS certificate chain (PEM)'],
  ['--tls-key <file>', 'server.tlsKey', 'TLS private key (PEM)'],
  ['--data <dir>', 'data.dir', 'folder for the database and the keys (default data)'],
  [
    '--announce <addresses>',
    'rtc.announce',
    'addresses at which clients reach the media ports, comma-separated',
  ],
  ['--rtc-port <port>', 'rtc.port', 'first UDP and TCP port of the media workers (default 40000)'],
  ['--workers <number>', 'rtc.workers', 'number of media workers (default one per core)'],
  ['--no-sip', 'sip.enabled', 'run no phone gateway'],
  ['--sip-port <port>', 'sip.port', 'UDP and TCP port for SIP (default 5060)'],
  ['--sip-tls-port <port>', 'sip.tlsPort', 'TCP port for SIP over TLS, 0 for none (default 5061)'],
  ['--log-level <level>', 'log.level', 'trace, debug, info, warn, error'],
] as const;

type Setting = (typeof FLAGS)[number][1];

/**
 * Adds the configuration flags to a command.
 *
 * @param shown the settings relevant to the command; the others are accepted but not listed, so that the server's flags can be reused.
 * Default: all
 */
export function withConfig(command: Command, shown?: readonly Setting[]): Command {
  command.option('--config <file>', 'configuration file (JSON)', process.env.CANOPY_CONFIG);
  for (const [flag, path, description] of FLAGS) {
    command.addOption(new Option(flag, description).hideHelp(shown !== undefined && !shown.includes(path)));
  }
  return command;
}

/** Reads the configuration that a command line selects. @throws {CanopyError} CONFIG_INVALID */
export function configOf(command: Command): Config {
  const given: Record<string, string | boolean | undefined> = command.opts();
  const names = new Map(command.options.map((option) => [option.flags, option.attributeName()]));
  const flags = Object.fromEntries(
    FLAGS.map(([flag, path]) => {
      const value = given[names.get(flag) ?? ''];
      // A `--no-` flag that was not given is true, which must not override the file and the environment.
      return [path, value === true ? undefined : value === false ? 'false' : value];
    }),
  );
  return loadConfig({ file: typeof given.config === 'string' ? given.config : undefined, flags });
}

/** Parses an option that is a list; repeating the option adds to it. */
export function commaSeparated(value: string, earlier: string[] = []): string[] {
  return [...earlier, ...value.split(',').map((each) => each.trim())];
}
