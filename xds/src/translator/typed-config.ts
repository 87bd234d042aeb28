// Small parts of which Envoy messages are made: extensions, durations, addresses, sources of configuration.

import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack, type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import { type Address, AddressSchema } from '../proto/generated/envoy/config/core/v3/address_pb.ts';
import {
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '../proto/generated/envoy/config/core/v3/config_source_pb.ts';

/** A message of an extension, packed for one of Envoy's `typed_config` fields. */
export function buildTypedConfig<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, init));
}

/** An extension where Envoy wants its name beside it and a choice of ways to configure it. */
export function buildExtension<Desc extends DescMessage>(name: string, schema: Desc, init: MessageInitShape<Desc>) {
  return { name, configType: { case: 'typedConfig' as const, value: buildTypedConfig(schema, init) } };
}

export function buildDuration(milliseconds: number): Duration {
  const seconds = Math.floor(milliseconds / 1000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (milliseconds - seconds * 1000) * 1_000_000 });
}

/** Zero turns a timeout off wherever Envoy has one. */
export const NEVER: Duration = buildDuration(0);

export function buildAddress(address: string, port: number): Address {
  return create(AddressSchema, {
    address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } },
  });
}

/**
 * All addresses of the pod. With `ipv6` those of both families by one socket; on a node whose kernel has no IPv6 at all
 * Envoy would not start with it.
 */
export function buildAnyAddress(port: number, ipv6: boolean): Address {
  if (!ipv6) return buildAddress('0.0.0.0', port);
  const value = { address: '::', ipv4Compat: true, portSpecifier: { case: 'portValue' as const, value: port } };
  return create(AddressSchema, { address: { case: 'socketAddress', value } });
}

/** The control plane's stream, on which everything comes that isn't in the bootstrap. */
export function buildAdsSource(): ConfigSource {
  return create(ConfigSourceSchema, {
    resourceApiVersion: ApiVersion.V3,
    configSourceSpecifier: { case: 'ads', value: {} },
  });
}
