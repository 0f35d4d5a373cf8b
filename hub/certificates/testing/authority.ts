import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { run } from './tools.ts';

/** A certificate authority, a leaf that signs documents, and a time-stamp authority, all of OpenSSL's making. */
export interface TestAuthority {
  readonly folder: string;
  readonly rootPem: string;
  /** `seal.key` (PKCS#8), `seal.pem`, `seal.der`, `seal.p12` under the password `geheim`. */
  readonly file: (name: string) => string;
  /** Turns the time-stamp authority on; its address. */
  timestamps(): Promise<{ readonly url: string; asked(): number; close(): Promise<void> }>;
}

/** Names in Chinese, on purpose. `key`: `rsa:3072` or `ec`. */
export function testAuthority(folder: string, key: 'rsa' | 'ec' = 'ec'): TestAuthority {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Buffer => run('openssl', args);
  const newKey = (name: string, type: 'rsa' | 'ec'): void => {
    const kind =
      type === 'ec' ? ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072'];
    openssl('genpkey', '-algorithm', ...kind, '-out', file(name));
  };
  newKey('root.key', 'ec');
  openssl(
    ...['req', '-x509', '-new', '-key', file('root.key'), '-days', '3650', '-utf8', '-subj', '/O=样章/CN=样章根证书'],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-out', file('root.pem')],
  );
  const issue = (name: string, subject: string, extensions: string): void => {
    writeFileSync(file(`${name}.ext`), extensions);
    openssl('req', '-new', '-key', file(`${name}.key`), '-utf8', '-subj', subject, '-out', file(`${name}.csr`));
    openssl(
      ...['x509', '-req', '-in', file(`${name}.csr`), '-CA', file('root.pem'), '-CAkey', file('root.key')],
      ...['-CAcreateserial', '-days', '800', '-extfile', file(`${name}.ext`), '-out', file(`${name}.pem`)],
    );
  };
  newKey('seal.key', key);
  issue(
    'seal',
    '/O=示例大学/CN=示例大学教务处电子签章',
    'keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=1.3.6.1.5.5.7.3.36,emailProtection\n',
  );
  openssl('x509', '-in', file('seal.pem'), '-outform', 'DER', '-out', file('seal.der'));
  openssl(
    ...['pkcs12', '-export', '-inkey', file('seal.key'), '-in', file('seal.pem'), '-certfile', file('root.pem')],
    ...['-passout', 'pass:geheim', '-out', file('seal.p12')],
  );
  return {
    folder,
    rootPem: file('root.pem'),
    file,
    timestamps: async () => {
      newKey('tsa.key', 'ec');
      issue(
        'tsa',
        '/O=样章/CN=样章时间戳',
        'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n',
      );
      writeFileSync(file('serial'), '01');
      writeFileSync(
        file('tsa.cnf'),
        `[tsa]\ndefault_tsa=one\n[one]\nserial=${file('serial')}\nsigner_cert=${file('tsa.pem')}\nsigner_key=${file('tsa.key')}
signer_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\ncerts=${file('root.pem')}\ness_cert_id_alg=sha256\n`,
      );
      let asked = 0;
      const server = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          asked += 1;
          writeFileSync(file('query.tsq'), Buffer.concat(parts));
          openssl(
            'ts',
            '-reply',
            '-config',
            file('tsa.cnf'),
            '-queryfile',
            file('query.tsq'),
            '-out',
            file('reply.tsr'),
          );
          response.setHeader('content-type', 'application/timestamp-reply').end(readFileSync(file('reply.tsr')));
        });
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        asked: () => asked,
        close: () =>
          new Promise((resolve) => {
            server.close(() => {
              resolve();
            });
          }),
      };
    },
  };
}
