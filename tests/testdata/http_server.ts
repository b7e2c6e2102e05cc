/**
 * Runs a web server on this machine while something is done with it.
 *
 * @param handler Answers each request.
 * @param run Is given the server's address, which ends in a slash.
 */
export async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    handler,
  );
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}

/**
 * Finds an address at which nobody listens.
 *
 * @returns A port of this machine that has just been free.
 */
export function refusedUrl(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}/`;
}

/**
 * Runs a server that announces more bytes than it sends, then hangs up.
 *
 * @param run Is given the server's address.
 */
export async function withTruncatingServer(
  run: (url: string) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      const answer = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this";
      await connection.write(new TextEncoder().encode(answer));
      connection.close();
    }
  })();
  try {
    await run(`http://127.0.0.1:${listener.addr.port}/`);
  } finally {
    listener.close();
    await serving;
  }
}

/**
 * Makes an answer that begins and then falls silent.
 *
 * @param beginning What comes before the silence.
 * @returns A response whose body never ends.
 */
export function silentAfter(beginning: string): Response {
  const bytes = new TextEncoder().encode(beginning);
  return new Response(
    new ReadableStream({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes);
      },
    }),
  );
}
