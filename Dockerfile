# The image of control plane, webhook, relay and volume server; which of them runs is the command, as the chart sets it:
#   node control-plane.mjs | node webhook.mjs | node relay.mjs
# or a laptop sets it, for an ephemeral container: node volume-server.mjs
# It also holds nft, for the init container of pods whose intercepted port has no name.

FROM node:24.21.0-bookworm-slim AS programs
WORKDIR /checkout
COPY package.json package-lock.json ./
COPY xds/package.json xds/
COPY control-plane/package.json control-plane/
COPY webhook/package.json webhook/
COPY kubectl-tp/package.json kubectl-tp/
RUN npm ci --ignore-scripts --include-workspace-root --workspace=xds --workspace=control-plane --workspace=webhook
COPY xds/src xds/src
COPY control-plane/bundle.ts control-plane/
COPY control-plane/src control-plane/src
COPY webhook/src webhook/src
RUN node control-plane/bundle.ts /programs

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nftables \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=programs /programs ./
USER 65532:65532
CMD ["node", "control-plane.mjs"]
