import { readFileSync } from 'node:fs';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { HttpHall } from '@hallhub/sync/adapters/http-feed';
import type { Clock, RandomBytes } from '@hallhub/sync/base';
import { err } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { trustRoots } from '@hallhub/sync/verification';
import type { Audit } from '../audit/service.ts';
import type { Config } from '../config/index.ts';
import type { Vault } from '../vault/index.ts';
import { toOutcome } from './outcomes.ts';
import type { CertificateService } from './ports.ts';
import { printerDirectory } from './devices.ts';
import { externalRasteriser } from './raster/index.ts';
import type { PdfMaker } from './render/index.ts';
import { fontFiles, pdfProcess } from './render/index.ts';
import { certificateService } from './service.ts';
import type { SignerSource } from './signing/index.ts';
import { configuredSigner } from './signing/index.ts';
import { loadTemplates, shippedTemplates } from './templates/index.ts';
import type { VerifySiteLink } from './verify-site.ts';
import { joinVerifySite } from './verify-site.ts';

/** Certificates, and the process that makes their paper. */
export interface Certificates {
  readonly certificates: CertificateService;
  readonly pdf: PdfMaker;
  /** Absent where no site in a DMZ is told of papers. */
  readonly verifySite: VerifySiteLink | undefined;
  /** Absent: papers bear a seal and no signature. */
  readonly signer: SignerSource | undefined;
}

export function createCertificates(deps: {
  readonly config: Config['certificates'];
  readonly hub: Pick<Config['hub'], 'id' | 'timeZone'>;
  readonly epoch: number;
  readonly devices: Config['devices'];
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly hall: Pick<HttpHall, 'file'>;
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly onFault: (part: string) => (error: unknown) => void;
  /** In place of the configured one. */
  readonly signer?: SignerSource;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Certificates {
  const { config, db, clock, random, vault, audit, outbox, hall, host, hub } = deps;
  const { site } = config.verification;
  const verifySite =
    site &&
    joinVerifySite({
      ...{ db, clock, random, site, sealer: vault.sealer, hub: hub.id, epoch: deps.epoch },
      fault: deps.onFault('verify-site'),
      papers: () => certificates.papers(),
    });

  const { templates: ownTemplates } = config;
  const templateFolders = [shippedTemplates, ...(ownTemplates === undefined ? [] : [ownTemplates])];
  const fonts = fontFiles(config);
  const pdf = pdfProcess({
    clock,
    fonts,
    idleAfter: config.idleShutdown,
    templates: templateFolders,
  });
  const { signing, verification, overprint, overprintByTemplate, raster } = config;
  const signer = deps.signer ?? (signing && configuredSigner(signing, clock));
  const certificates: CertificateService = certificateService({
    db,
    clock,
    random,
    sealer: vault.sealer,
    keyedHash: (purpose, text) => vault.match(purpose, text).toString('hex'),
    pdf,
    issuer: {
      name: config.issuer,
      office: config.office,
      sealPurpose: config.sealPurpose,
    },
    templates: loadTemplates(templateFolders, Object.keys(fonts.families)),
    ...(signer && { signer }),
    ready: {
      policyOf: (template) => verification.readyByTemplate[template] ?? verification.ready,
      roots: verification.trust.flatMap((file) => trustRoots(readFileSync(file, 'utf8'))),
    },
    ...(raster && { raster: externalRasteriser({ ...raster, clock }) }),
    overprint: ({ template, ready }) => overprintByTemplate[template] ?? (overprint && !ready),
    verifyUrl: config.verifyUrl,
    timeZone: hub.timeZone,
    numberPrefix: config.numberPrefix,
    fetchDocument: async ({ url, sha256 }) => {
      const file = await hall.file({ url, sha256, signal: AbortSignal.timeout(60_000) });
      return file.ok
        ? file
        : err({ code: 'E-CERT-0205', ...(file.error.detail !== undefined && { detail: file.error.detail }) });
    },
    publish: (event) => {
      const certificate = certificates.get(event.subject);
      const left = certificate ? certificate.copiesAllowed - certificate.copiesUsed : 0;
      const outcome = toOutcome(event, clock.now(), left);
      if (outcome) outbox.append(outcome);
      if (outcome && event.type === 'certificate.verification') verifySite?.tell(outcome);
    },
    audit: ({ actor, action, subject, reason, detail }) => {
      audit.record({ actor, action, subject, detail: { ...detail, reason } });
    },
    printers: printerDirectory({ host, devices: deps.devices }),
    log: deps.log,
  });
  return { certificates, pdf, verifySite, signer };
}
