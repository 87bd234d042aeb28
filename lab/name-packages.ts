// The Debian packages of nslookup, with the libraries that it loads.

export const NAME_PACKAGES = [
  'bind9-dnsutils',
  ...['bind9-libs', 'libbsd0', 'libcom-err2', 'libedit2', 'libfstrm0', 'libgssapi-krb5-2', 'libicu72', 'libidn2-0'],
  ...['libjemalloc2', 'libjson-c5', 'libk5crypto3', 'libkeyutils1', 'libkrb5-3', 'libkrb5support0', 'liblmdb0'],
  ...[
    'liblzma5',
    'libmaxminddb0',
    'libmd0',
    'libnghttp2-14',
    'libprotobuf-c1',
    'libssl3',
    'libtinfo6',
    'libunistring2',
  ],
  ...['libuv1', 'libxml2', 'zlib1g'],
];
