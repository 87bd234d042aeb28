// AdmissionReview, the words between API server and webhook. Requests enter through `parseAdmissionReview` and are exact
// afterwards. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/

import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { WebhookError } from '../errors.ts';
import { buildJsonPatch } from './json-patch.ts';

const AdmissionRequest = Type.Object({
  uid: Type.String({ minLength: 1, maxLength: 256 }),
  operation: Type.Union([Type.Literal('CREATE'), Type.Literal('UPDATE')]),
  namespace: Type.Optional(Type.String()),
  userInfo: Type.Object({
    username: Type.String({ minLength: 1 }),
    groups: Type.Optional(Type.Array(Type.String())),
  }),
  object: Type.Unknown(),
  /** Only with UPDATE. */
  oldObject: Type.Optional(Type.Unknown()),
});
const AdmissionReview = Compile(
  Type.Object({
    apiVersion: Type.Literal('admission.k8s.io/v1'),
    kind: Type.Literal('AdmissionReview'),
    request: AdmissionRequest,
  }),
);

export type AdmissionRequest = Static<typeof AdmissionRequest>;

export type Refusal = {
  readonly code: number;
  readonly reason: 'Forbidden' | 'Conflict' | 'Invalid';
  readonly message: string;
};

export type AdmissionReviewAnswer = {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patchType?: 'JSONPatch';
    /** Base64 of a JSON patch. */
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly status?: Refusal;
  };
};

/** Throws REVIEW_INVALID. What the objects are is for `checkObject`. */
export function parseAdmissionReview(body: unknown): AdmissionRequest {
  const review = checkObject(AdmissionReview, body);
  if ('problem' in review)
    throw new WebhookError('REVIEW_INVALID', `This is not an AdmissionReview: ${review.problem}.`);
  return review.value.request;
}

/** The value if it fits, with the fields that the schema doesn't name; else the first problem, for people. */
export function checkObject<T extends TSchema>(
  schema: Validator<TProperties, T>,
  value: unknown,
): { readonly value: Static<T> } | { readonly problem: string } {
  if (schema.Check(value)) return { value };
  const [first] = schema.Errors(value);
  const where = first?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  return { problem: `${where === '' ? 'it' : where} ${first?.message ?? 'is not what it should be'}` };
}

export function buildAllowed(
  { uid, object }: AdmissionRequest,
  { after = object, warnings = [] }: { after?: unknown; warnings?: readonly string[] } = {},
): AdmissionReviewAnswer {
  const patch = buildJsonPatch(object, after);
  return answer({
    uid,
    allowed: true,
    ...(patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...(warnings.length > 0 && { warnings }),
  });
}

export function buildRefused({ uid }: AdmissionRequest, refusal: Refusal): AdmissionReviewAnswer {
  return answer({ uid, allowed: false, status: refusal });
}

function answer(response: AdmissionReviewAnswer['response']): AdmissionReviewAnswer {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
