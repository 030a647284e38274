/** A prediction service on loopback that can misbehave: it stalls, fails, answers nonsense, limits rates. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** as it is where it is a string, else as JSON */
  readonly body?: unknown;
  /** never answers */
  readonly stall?: true;
  /** closes the connection in place of an answer */
  readonly drop?: true;
}

export interface Received {
  readonly inputs: readonly unknown[];
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** milliseconds */
  readonly at: number;
}

export interface ModelServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** most requests that were open at the same time */
  readonly atOnce: number;
  close(): Promise<void>;
}

/** @param answer what to say to the inputs of the nth request, from 0 */
export async function modelServer(
  answer: (inputs: readonly number[][], nth: number) => Reply | Promise<Reply>,
): Promise<ModelServer> {
  const received: Received[] = [];
  let [open, atOnce] = [0, 0];
  const server = createServer(async (request, response) => {
    atOnce = Math.max(atOnce, ++open);
    let text = '';
    for await (const piece of request) text += piece;
    const { inputs } = JSON.parse(text) as { inputs: number[][] };
    received.push({ inputs, headers: request.headers, path: request.url ?? '', at: performance.now() });
    const reply = await answer(inputs, received.length - 1);
    open--;
    if (reply.stall) return;
    if (reply.drop) {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/predict`,
    received,
    get atOnce() {
      return atOnce;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
