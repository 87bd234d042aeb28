// Whose connections a gate takes: a relay's, known by its address, that tells the secret of an exit. The address keeps out
// who has found a secret; the secret keeps out what comes from a relay, but is the word of a laptop.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import type { Exit, Gate } from '../ir/agent-config.ts';
import {
  ProxyProtocol_TlvLocation,
  ProxyProtocolSchema,
} from '../proto/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.ts';
import {
  ApplicationProtocolInputSchema,
  DirectSourceIPInputSchema,
  FilterStateInputSchema,
} from '../proto/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { IPMatcherSchema } from '../proto/generated/xds/type/matcher/v3/ip_pb.ts';
import {
  type Matcher,
  type Matcher_OnMatchSchema,
  MatcherSchema,
} from '../proto/generated/xds/type/matcher/v3/matcher_pb.ts';
import { datagramsName } from './resource-names.ts';
import { buildExtension, buildTypedConfig } from './typed-config.ts';

/** Where Envoy keeps what a PROXY header has told, and our name for the secret in it. */
const TOLD = 'envoy.network.proxy_protocol.tlv';
const SECRET = 'secret';
/** The laptop's only ALPN when it sends datagrams (control-plane/protocol/alpn.ts), in Envoy's spelling of a list. */
const DATAGRAMS = "'tp-datagrams'";

/** Reads where a connection is to go, and the secret. */
export function buildProxyHeaderFilter({ secretType }: Gate) {
  return buildExtension('envoy.filters.listener.proxy_protocol', ProxyProtocolSchema, {
    tlvLocation: ProxyProtocol_TlvLocation.FILTER_STATE,
    rules: [{ tlvType: secretType, onTlvPresent: { key: SECRET } }],
  });
}

/** Finds the filter chain by its name. */
export function buildGateMatcher({ relays, exits }: Gate): Matcher {
  const ranges = relays.map((address) => ({ addressPrefix: address, prefixLen: address.includes(':') ? 128 : 32 }));
  const onMatch = { onMatch: { case: 'matcher' as const, value: buildSecretMatcher(exits) } };
  const bySource = buildTypedConfig(IPMatcherSchema, { rangeMatchers: [{ ranges, onMatch }] });
  return create(MatcherSchema, {
    matcherType: {
      case: 'matcherTree',
      value: {
        input: { name: 'source', typedConfig: buildTypedConfig(DirectSourceIPInputSchema, {}) },
        treeType: { case: 'customMatch', value: { name: 'ranges', typedConfig: bySource } },
      },
    },
  });
}

function buildSecretMatcher(exits: readonly Exit[]): Matcher {
  const input = buildTypedConfig(FilterStateInputSchema, { key: TOLD, field: SECRET });
  const map = Object.fromEntries(
    exits.map(({ id, secret }) => [secret, { onMatch: { case: 'matcher' as const, value: buildKindMatcher(id) } }]),
  );
  return create(MatcherSchema, {
    matcherType: {
      case: 'matcherTree',
      value: { input: { name: 'secret', typedConfig: input }, treeType: { case: 'exactMatchMap', value: { map } } },
    },
  });
}

/** What a laptop sends behind the header is for it to say: it goes to the same address either way. */
function buildKindMatcher(exit: string): Matcher {
  const input = buildTypedConfig(ApplicationProtocolInputSchema, {});
  const map = { [DATAGRAMS]: buildChoice(datagramsName(exit)) };
  return create(MatcherSchema, {
    matcherType: {
      case: 'matcherTree',
      value: { input: { name: 'protocol', typedConfig: input }, treeType: { case: 'exactMatchMap', value: { map } } },
    },
    onNoMatch: buildChoice(exit),
  });
}

function buildChoice(chain: string): MessageInitShape<typeof Matcher_OnMatchSchema> {
  const typedConfig = buildTypedConfig(StringValueSchema, { value: chain });
  return { onMatch: { case: 'action', value: { name: 'chain', typedConfig } } };
}
