// Whether a Session may be, and what it looks like then: its owner is whoever asks for it, with the groups he has then,
// whatever the object says, and its name belongs to its key.

import { MAX_OWNER_GROUP_LENGTH, MAX_OWNER_GROUPS, SessionSpec } from '@kubectl-tp/control-plane/api';
import { isSessionKey, isSessionNameOf } from '@kubectl-tp/control-plane/protocol';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Admission, refuse } from './admission.ts';
import { findNameProblem } from './object-name.ts';
import { type AdmissionRequest, checkObject } from './review.ts';

const NewSession = Compile(
  Type.Object({
    metadata: Type.Object({ name: Type.Optional(Type.String()) }),
    spec: SessionSpec,
  }),
);

/** Updates pass: the CRD lets nothing of a spec change. */
export function admitSession({ operation, object, userInfo }: AdmissionRequest): Admission {
  if (operation === 'UPDATE') return { outcome: 'allowed', object };
  const session = checkObject(NewSession, object);
  if ('problem' in session) return refuse('SPEC_INVALID', `The Session is malformed: ${session.problem}.`);
  const { metadata, spec } = session.value;
  const nameProblem = findNameProblem(metadata.name);
  if (nameProblem !== undefined) return refuse('NAME_INVALID', nameProblem);
  if (!isSessionKey(spec.publicKey)) {
    return refuse(
      'SESSION_KEY_INVALID',
      'The public key of the Session is not PEM of an EC P-256 key. Sessions are made by kubectl tp: kubectl tp intercept --help',
    );
  }
  if (!isSessionNameOf(metadata.name ?? '', spec.publicKey)) {
    return refuse(
      'SESSION_NAME_INVALID',
      `The name "${metadata.name ?? ''}" does not end in the hash of the Session's public key. Is the plugin older than the cluster part? See: kubectl tp version --cluster-part`,
    );
  }
  const owner = { owner: userInfo.username, ownerGroups: groupsOf(userInfo) };
  return { outcome: 'allowed', object: { ...session.value, spec: { ...spec, ...owner } } };
}

/** As many as the CRD takes. A group that is left out gives no rights: that errs on the safe side. */
function groupsOf({ groups = [] }: AdmissionRequest['userInfo']): string[] {
  return groups.filter(({ length }) => length <= MAX_OWNER_GROUP_LENGTH).slice(0, MAX_OWNER_GROUPS);
}
