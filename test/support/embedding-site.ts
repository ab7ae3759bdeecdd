import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another site, on an origin of its own: a page that loads the server's module for embedding as `window.embed`. */
export class EmbeddingSite {
  readonly origin: string;
  readonly host: string;
  readonly #http: Server;
  #serverUrl = '';

  private constructor(http: Server) {
    const { port } = http.address() as AddressInfo;
    this.host = `127.0.0.1:${port}`;
    this.origin = `http://${this.host}`;
    this.#http = http;
    http.on('request', (_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>Intranet</title>
<div id="meeting" style="height: 700px"></div>
<button id="create">Meet</button>
<script type="module">
  import * as embed from '${this.#serverUrl}/embed.js';
  window.embed = embed;
</script>`);
    });
  }

  static async start(): Promise<EmbeddingSite> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new EmbeddingSite(http);
  }

  /** The server whose module the page loads. */
  use(serverUrl: string): void {
    this.#serverUrl = serverUrl;
  }

  close(): void {
    this.#http.close();
    this.#http.closeAllConnections();
  }
}
