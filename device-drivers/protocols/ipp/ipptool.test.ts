import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ms, systemClock } from '@hallhub/sync/base';
import { type SimulatedPrinter, simulatedPrinter } from './simulator/index.ts';

/* ipptool of CUPS judges what the simulated printer puts on the wire: a reader of IPP that was not written here. */

const script = `
{ NAME "Get-Printer-Attributes" OPERATION Get-Printer-Attributes
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri
  STATUS successful-ok
  EXPECT printer-state OF-TYPE enum IN-GROUP printer-attributes-tag COUNT 1 WITH-VALUE 3
  EXPECT printer-up-time OF-TYPE integer
  EXPECT printer-uuid OF-TYPE uri WITH-VALUE "/^urn:uuid:/"
  EXPECT media-ready OF-TYPE keyword WITH-VALUE iso_a4_210x297mm
  EXPECT copies-supported OF-TYPE rangeOfInteger
  EXPECT operations-supported OF-TYPE enum }
{ NAME "Create-Job" OPERATION Create-Job
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR name requesting-user-name $user ATTR name job-name peer
  STATUS successful-ok
  EXPECT job-id OF-TYPE integer COUNT 1 WITH-VALUE >0
  EXPECT job-state OF-TYPE enum WITH-VALUE 3
  EXPECT job-state-reasons WITH-VALUE job-data-insufficient }
{ NAME "a second job" OPERATION Create-Job
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri
  STATUS server-error-busy }
{ NAME "Send-Document" OPERATION Send-Document
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR integer job-id $job-id ATTR name requesting-user-name $user ATTR mimeMediaType document-format application/pdf ATTR boolean last-document true
  FILE $filename
  STATUS successful-ok }
{ NAME "Get-Job-Attributes" OPERATION Get-Job-Attributes
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR integer job-id $job-id ATTR name requesting-user-name $user
  STATUS successful-ok
  EXPECT job-state WITH-VALUE 9 REPEAT-NO-MATCH
  EXPECT job-impressions-completed OF-TYPE integer WITH-VALUE 1
  EXPECT job-name OF-TYPE name WITH-VALUE peer }
{ NAME "Get-Jobs" OPERATION Get-Jobs
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR keyword which-jobs completed
  STATUS successful-ok
  EXPECT job-id COUNT 1 }
{ NAME "Cancel-Job, too late" OPERATION Cancel-Job
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR integer job-id $job-id ATTR name requesting-user-name $user
  STATUS client-error-not-possible }
{ NAME "an unknown job" OPERATION Get-Job-Attributes
  GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR integer job-id 999
  STATUS client-error-not-found }
`;

const folder = mkdtempSync(join(tmpdir(), 'hallhub-ipptool-'));
let printer: SimulatedPrinter;
let uri: string;
let close: () => Promise<void>;
beforeAll(async () => {
  writeFileSync(join(folder, 'peer.test'), script);
  writeFileSync(join(folder, 'page.pdf'), '%PDF-1.7 << /Type /Page >>');
  printer = simulatedPrinter({ clock: systemClock({ mode: 'test' }), perPage: ms(50) });
  ({ uri, close } = await printer.listen());
});
afterAll(async () => {
  printer.close();
  await close();
  rmSync(folder, { recursive: true });
});

test('the simulated printer satisfies ipptool, operation by operation', async () => {
  const asked = promisify(execFile)('ipptool', ['-tI', '-f', join(folder, 'page.pdf'), uri, join(folder, 'peer.test')]);
  const { stdout } = await asked.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('ipptool is missing: apt-get install cups-ipp-utils', { cause: error });
    }
    return { stdout: error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error) };
  });
  const verdicts = [...stdout.matchAll(/^ {4}(\S.*?) +\[(PASS|FAIL|SKIP)\]$/gm)].map(
    ([, name, verdict]) => `${name ?? ''}: ${verdict ?? ''}`,
  );
  expect(verdicts, stdout).toEqual([
    'Get-Printer-Attributes: PASS',
    'Create-Job: PASS',
    'a second job: PASS',
    'Send-Document: PASS',
    'Get-Job-Attributes: PASS',
    'Get-Jobs: PASS',
    'Cancel-Job, too late: PASS',
    'an unknown job: PASS',
  ]);
  expect(printer.tray).toHaveLength(1);
});
