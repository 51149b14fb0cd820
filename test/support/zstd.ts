import { spawn } from 'node:child_process';

/** What the stock `zstd -d` makes of it. Fails when it says that anything is wrong. */
export async function decompress(compressed: Buffer): Promise<Buffer> {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(compressed);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0) throw new Error(`zstd ended with ${code}`);
  return Buffer.concat(chunks);
}
