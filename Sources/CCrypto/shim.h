// The EVP interface of OpenSSL's libcrypto.
#pragma once
#include <openssl/evp.h>
