// The Debian packages of a PostgreSQL server and its client, with the libraries that both load.

const LIBRARIES = [
  ...['libaudit1', 'libcap-ng0', 'libcap2', 'libcom-err2', 'libffi8', 'libgcrypt20', 'libgmp10', 'libgnutls30'],
  ...['libgpg-error0', 'libgssapi-krb5-2', 'libhogweed6', 'libicu72', 'libidn2-0', 'libk5crypto3', 'libkeyutils1'],
  ...['libkrb5-3', 'libkrb5support0', 'libldap-2.5-0', 'liblz4-1', 'liblzma5', 'libnettle8', 'libp11-kit0'],
  ...['libpam0g', 'libpq5', 'libreadline8', 'libsasl2-2', 'libssl3', 'libsystemd0', 'libtasn1-6', 'libtinfo6'],
  ...['libunistring2', 'libxml2', 'libzstd1', 'zlib1g', 'tzdata'],
];

export const DATABASE_PACKAGES = ['postgresql-15', 'postgresql-client-15', ...LIBRARIES];
