import type { KindHandler } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { CertificateService } from './ports.ts';

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
        template,
        fields:
          content.type === 'fields'
            ? Object.fromEntries(Object.entries(content.fields).map(([name, value]) => [name, String(value)]))
            : {},
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
