import { X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type DetailedPeerCertificate, connect } from 'node:tls';
import type { Result } from '@hallhub/sync/base';
import { err, failure, ok } from '@hallhub/sync/base';
import { fingerprintOf, readCode } from '../agents/code-text.ts';
import { credentialsSchema, enrolAnswerSchema } from '../agents/enrolment-contract.ts';
import { createAgentKeyPair, openSealed, proveKey } from '../agents/sealed-box.ts';
import { isLoopback } from '../config/index.ts';
import type { Identity } from './identity.ts';

const TIMEOUT_MS = 15_000;

/**
 * Makes a key, shows the hub the one-time code, and opens what comes back. The code names the hub's certificate
 * authority, so that nobody in between can pose as the hub.
 *
 * Errors: `E-AGENT-0202` not a code, `E-AGENT-0301` not reached, `E-AGENT-0302` another certificate, `E-AGENT-0303`
 * refused (with the hub's code in the detail).
 */
export async function enrol(hubUrl: string, codeText: string): Promise<Result<Identity>> {
  const code = readCode(codeText);
  if (!code) return failure('E-AGENT-0202');
  const url = new URL(hubUrl);
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    return failure('E-AGENT-0301', 'https only: the credentials would travel in the open');
  }
  const trusted = url.protocol === 'https:' && code.fingerprint !== undefined ? await authorityOf(url) : ok(undefined);
  if (!trusted.ok) return trusted;
  const authority = trusted.value;
  if (authority && fingerprintOf(authority.raw) !== code.fingerprint) return failure('E-AGENT-0302');

  const keys = createAgentKeyPair();
  const answer = await post(new URL('/api/agents/enrol', url), authority?.toString(), {
    code: code.secret,
    publicKey: keys.publicKey.toString('base64'),
    proof: proveKey(keys.privateKey, code.secret).toString('base64'),
  });
  if (!answer.ok) return answer;
  const box = enrolAnswerSchema.safeParse(answer.value);
  const plain = box.success ? openSealed(keys.privateKey, Buffer.from(box.data.sealed, 'base64')) : undefined;
  const credentials = plain ? credentialsSchema.safeParse(JSON.parse(plain.toString('utf8'))) : undefined;
  if (credentials?.success !== true) return failure('E-AGENT-0303', 'the answer cannot be read');
  return ok({ ...credentials.data, hubUrl: url.origin, ...(authority && { hubCa: authority.toString() }) });
}

/** The last certificate of the chain that the hub shows, before anything is said to it. */
function authorityOf(url: URL): Promise<Result<X509Certificate>> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(url.port) || 443,
      // Trusted or not is decided by the fingerprint, and nothing is sent on this connection.
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
    });
    const settle = (result: Result<X509Certificate>): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('secureConnect', () => {
      let certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
      // A root is its own issuer; a chain that is cut short has none.
      for (;;) {
        const above = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
        if (!above || above.fingerprint256 === certificate.fingerprint256) break;
        certificate = above;
      }
      settle(ok(new X509Certificate(certificate.raw)));
    });
    socket.once('timeout', () => {
      settle(failure('E-AGENT-0301', url.host));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(failure('E-AGENT-0301', `${url.host}: ${error.code ?? error.message}`));
    });
  });
}

function post(url: URL, ca: string | undefined, body: object): Promise<Result<unknown>> {
  const payload = Buffer.from(JSON.stringify(body));
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': payload.length, 'x-hallhub': 'agent' },
    timeout: TIMEOUT_MS,
  };
  return new Promise((resolve) => {
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca !== undefined && { ca }) })
        : httpRequest(url, options);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', (error) => {
        resolve(failure('E-AGENT-0301', error.message));
      });
      response.once('end', () => {
        const answer = parseJson(Buffer.concat(chunks).toString('utf8'));
        resolve(response.statusCode === 200 ? ok(answer) : err(refusal(answer, response.statusCode)));
      });
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error: NodeJS.ErrnoException) => {
      resolve(failure('E-AGENT-0301', `${url.host}: ${error.code ?? error.message}`));
    });
    request.end(payload);
  });
}

function refusal(
  answer: unknown,
  status: number | undefined,
): { readonly code: `E-${string}-${number}`; readonly detail: string } {
  const code =
    typeof answer === 'object' && answer !== null && 'code' in answer ? String(answer.code) : `status ${status}`;
  return code === 'E-AGENT-0202' ? { code, detail: '' } : { code: 'E-AGENT-0303', detail: code };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
