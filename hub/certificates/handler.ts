import type { Certificate } from '@hallhub/sync/contract';
import type { KindHandler } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { CertificateService } from './ports.ts';
import type { Fields } from './templates/index.ts';

/** What approvals and revocations of certificates do here: the hall's kind becomes this domain's request. */
export function certificateHandler(deps: {
  readonly certificates: Pick<CertificateService, 'upsert' | 'revoke'>;
  readonly vault: Pick<Vault, 'match'>;
}): KindHandler<'certificate'> {
  const { certificates, vault } = deps;
  return {
    kind: 'certificate',
    approve: ({ id, revision, validFrom, validUntil, data }) => {
      const { student, template, content, copiesAllowed } = data;
      certificates.upsert({
        requestId: id,
        revision,
        studentNumber: student.number,
        studentName: student.name,
        ...(student.residentId !== undefined && {
          studentIdKey: vault.match('resident-id', student.residentId).toString('hex'),
        }),
        ...(data.pickUpCode !== undefined && { pickUpKey: pickUpKey(vault, data.pickUpCode) }),
        template,
        fields: content.type === 'fields' ? textual(content.fields) : {},
        copiesAllowed,
        validFrom,
        validUntil,
        ...(content.type === 'pdf' && {
          document: { url: content.url, sha256: content.sha256, ...(content.title && { title: content.title }) },
        }),
      });
      return undefined;
    },
    revoke: ({ id, revision }) => {
      certificates.revoke(id, revision);
    },
  };
}

type Content = Extract<Certificate['content'], { type: 'fields' }>['fields'];

/** Numbers and truth values as text: a template draws text. */
function textual(fields: Content): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map((row) => Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, String(cell)])))
        : String(value),
    ]),
  );
}

/** Keyed hash of a pick-up code, however it was typed: spaces, hyphens and lower case do not matter, nor O for 0 and I or L for 1. */
export function pickUpKey(vault: Pick<Vault, 'match'>, typed: string): string {
  const code = typed.normalize('NFKC').toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return vault.match('pick-up-code', code).toString('hex');
}
