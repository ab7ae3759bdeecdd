// AES-GCM for libsrtp 2, in the place of its own, which looks up names of OpenSSL's
// parameters several times for each packet. With OpenSSL 3 that takes longer than
// the encryption (openssl#20625). This calls the provider's functions, which is what
// EVP_CIPHER_CTX does (provider-cipher(7)), but passes the IV to them directly. A
// name is looked up only for the tag.

#include "srtp.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <srtp2/cipher.h>

#include <memory>
#include <new>
#include <string_view>

// libsrtp's own, whose test vectors are used.
extern "C"
{
	extern const srtp_cipher_type_t srtp_aes_gcm_128;
	extern const srtp_cipher_type_t srtp_aes_gcm_256;
}

namespace
{
	// RFC 7714, section 8.1.
	constexpr size_t IvSize{ 12 };
	constexpr size_t SaltSize{ 12 };

	// The functions of a provider for one key size.
	struct Implementation
	{
		explicit Implementation(const char* name);

		OSSL_FUNC_cipher_newctx_fn* create{ nullptr };
		OSSL_FUNC_cipher_freectx_fn* destroy{ nullptr };
		OSSL_FUNC_cipher_encrypt_init_fn* beginEncrypting{ nullptr };
		OSSL_FUNC_cipher_decrypt_init_fn* beginDecrypting{ nullptr };
		OSSL_FUNC_cipher_cipher_fn* process{ nullptr };
		OSSL_FUNC_cipher_get_ctx_params_fn* getParams{ nullptr };
		OSSL_FUNC_cipher_set_ctx_params_fn* setParams{ nullptr };
		void* provider{ nullptr };

		bool IsComplete() const
		{
			return this->create && this->destroy && this->beginEncrypting && this->beginDecrypting &&
			       this->process && this->getParams && this->setParams;
		}

	private:
		// Keeps the provider loaded.
		std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher;
	};

	Implementation::Implementation(const char* name)
	  : cipher(EVP_CIPHER_fetch(nullptr, name, nullptr), EVP_CIPHER_free)
	{
		const auto* loaded = this->cipher ? EVP_CIPHER_get0_provider(this->cipher.get()) : nullptr;

		if (!loaded)
		{
			return;
		}

		int noCache;
		const auto* algorithms = OSSL_PROVIDER_query_operation(loaded, OSSL_OP_CIPHER, &noCache);

		for (const auto* algorithm = algorithms; algorithm && algorithm->algorithm_names; ++algorithm)
		{
			// Names of one algorithm, separated by colons.
			const std::string_view names(algorithm->algorithm_names);

			if (names.substr(0, names.find(':')) != name)
			{
				continue;
			}

			for (const auto* entry = algorithm->implementation; entry->function_id; ++entry)
			{
				switch (entry->function_id)
				{
					case OSSL_FUNC_CIPHER_NEWCTX:
						this->create = OSSL_FUNC_cipher_newctx(entry);
						break;
					case OSSL_FUNC_CIPHER_FREECTX:
						this->destroy = OSSL_FUNC_cipher_freectx(entry);
						break;
					case OSSL_FUNC_CIPHER_ENCRYPT_INIT:
						this->beginEncrypting = OSSL_FUNC_cipher_encrypt_init(entry);
						break;
					case OSSL_FUNC_CIPHER_DECRYPT_INIT:
						this->beginDecrypting = OSSL_FUNC_cipher_decrypt_init(entry);
						break;
					case OSSL_FUNC_CIPHER_CIPHER:
						this->process = OSSL_FUNC_cipher_cipher(entry);
						break;
					case OSSL_FUNC_CIPHER_GET_CTX_PARAMS:
						this->getParams = OSSL_FUNC_cipher_get_ctx_params(entry);
						break;
					case OSSL_FUNC_CIPHER_SET_CTX_PARAMS:
						this->setParams = OSSL_FUNC_cipher_set_ctx_params(entry);
						break;
					default:;
				}
			}

			break;
		}

		this->provider = OSSL_PROVIDER_get0_provider_ctx(loaded);

		if (algorithms)
		{
			OSSL_PROVIDER_unquery_operation(loaded, OSSL_OP_CIPHER, algorithms);
		}
	}

	const Implementation& Aes128()
	{
		static const Implementation implementation("AES-128-GCM");

		return implementation;
	}

	const Implementation& Aes256()
	{
		static const Implementation implementation("AES-256-GCM");

		return implementation;
	}

	const srtp_cipher_type_t& TypeOf(bool is256);

	struct State
	{
		State(const Implementation& implementation, size_t keySize, size_t tagSize)
		  : implementation(implementation), context(implementation.create(implementation.provider)),
		    keySize(keySize), tagSize(tagSize)
		{
		}

		~State()
		{
			// Erases the key.
			this->implementation.destroy(this->context);
		}

		State(const State&)            = delete;
		State& operator=(const State&) = delete;

		// Without output, the input is authenticated only. Without input, the message ends.
		bool Process(uint8_t* out, const uint8_t* in, size_t len)
		{
			size_t outLen;

			return this->implementation.process(this->context, out, &outLen, len, in, len) == 1;
		}

		const Implementation& implementation;
		void* context;
		size_t keySize;
		size_t tagSize;
		srtp_cipher_direction_t direction{ srtp_direction_any };
	};

	srtp_err_status_t Dealloc(srtp_cipher_t* cipher)
	{
		delete static_cast<State*>(cipher->state);
		delete cipher;

		return srtp_err_status_ok;
	}

	srtp_err_status_t Alloc(srtp_cipher_t** cipher, int keyLen, int tagLen)
	{
		const bool is256 = keyLen == SRTP_AES_GCM_256_KEY_LEN_WSALT;

		if ((!is256 && keyLen != SRTP_AES_GCM_128_KEY_LEN_WSALT) || (tagLen != 8 && tagLen != 16))
		{
			return srtp_err_status_bad_param;
		}

		auto* state =
		  new (std::nothrow) State(is256 ? Aes256() : Aes128(), keyLen - SaltSize, tagLen);

		*cipher = new (std::nothrow)
		  srtp_cipher_t{ &TypeOf(is256), state, keyLen, is256 ? SRTP_AES_GCM_256 : SRTP_AES_GCM_128 };

		if (*cipher && state && state->context)
		{
			return srtp_err_status_ok;
		}

		delete state;
		delete *cipher;
		*cipher = nullptr;

		return srtp_err_status_alloc_fail;
	}

	srtp_err_status_t Init(void* cv, const uint8_t* key)
	{
		auto* state      = static_cast<State*>(cv);
		state->direction = srtp_direction_any;

		return state->implementation.beginEncrypting(
		         state->context, key, state->keySize, nullptr, 0, nullptr) == 1
		         ? srtp_err_status_ok
		         : srtp_err_status_init_fail;
	}

	srtp_err_status_t SetIv(void* cv, uint8_t* iv, srtp_cipher_direction_t direction)
	{
		auto* state = static_cast<State*>(cv);

		if (direction != srtp_direction_encrypt && direction != srtp_direction_decrypt)
		{
			return srtp_err_status_bad_param;
		}

		auto* begin = direction == srtp_direction_encrypt ? state->implementation.beginEncrypting
		                                                  : state->implementation.beginDecrypting;

		state->direction = direction;

		return begin(state->context, nullptr, 0, iv, IvSize, nullptr) == 1 ? srtp_err_status_ok
		                                                                   : srtp_err_status_init_fail;
	}

	srtp_err_status_t SetAad(void* cv, const uint8_t* aad, uint32_t aadLen)
	{
		return static_cast<State*>(cv)->Process(nullptr, aad, aadLen) ? srtp_err_status_ok
		                                                              : srtp_err_status_algo_fail;
	}

	srtp_err_status_t Encrypt(void* cv, uint8_t* buffer, unsigned int* len)
	{
		auto* state = static_cast<State*>(cv);

		if (state->direction != srtp_direction_encrypt)
		{
			return srtp_err_status_bad_param;
		}

		return state->Process(buffer, buffer, *len) ? srtp_err_status_ok : srtp_err_status_cipher_fail;
	}

	srtp_err_status_t GetTag(void* cv, uint8_t* tag, uint32_t* len)
	{
		auto* state         = static_cast<State*>(cv);
		OSSL_PARAM params[] = {
			OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, state->tagSize),
			OSSL_PARAM_END,
		};

		if (
		  !state->Process(nullptr, nullptr, 0) ||
		  state->implementation.getParams(state->context, params) != 1)
		{
			return srtp_err_status_algo_fail;
		}

		*len = static_cast<uint32_t>(state->tagSize);

		return srtp_err_status_ok;
	}

	srtp_err_status_t Decrypt(void* cv, uint8_t* buffer, unsigned int* len)
	{
		auto* state = static_cast<State*>(cv);

		if (state->direction != srtp_direction_decrypt)
		{
			return srtp_err_status_bad_param;
		}

		if (*len < state->tagSize)
		{
			return srtp_err_status_auth_fail;
		}

		const size_t textLen      = *len - state->tagSize;
		const OSSL_PARAM params[] = {
			OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, buffer + textLen, state->tagSize),
			OSSL_PARAM_END,
		};

		if (
		  state->implementation.setParams(state->context, params) != 1 ||
		  (textLen > 0 && !state->Process(buffer, buffer, textLen)) ||
		  !state->Process(nullptr, nullptr, 0))
		{
			return srtp_err_status_auth_fail;
		}

		*len = static_cast<unsigned int>(textLen);

		return srtp_err_status_ok;
	}

	srtp_cipher_type_t MakeType(const srtp_cipher_type_t& own)
	{
		auto type = own;

		type.alloc       = Alloc;
		type.dealloc     = Dealloc;
		type.init        = Init;
		type.set_aad     = SetAad;
		type.encrypt     = Encrypt;
		type.decrypt     = Decrypt;
		type.set_iv      = SetIv;
		type.get_tag     = GetTag;
		type.description = "AES-GCM using a provider of OpenSSL";

		return type;
	}

	const srtp_cipher_type_t& TypeOf(bool is256)
	{
		static const auto aes128 = MakeType(srtp_aes_gcm_128);
		static const auto aes256 = MakeType(srtp_aes_gcm_256);

		return is256 ? aes256 : aes128;
	}

	void Replace(const Implementation& implementation, bool is256)
	{
		const auto& type = TypeOf(is256);

		// Encrypts and decrypts the test vectors. If that fails, libsrtp keeps its own.
		if (implementation.IsComplete())
		{
			srtp_replace_cipher_type(&type, type.id);
		}
	}
} // namespace

#undef srtp_init

srtp_err_status_t srtp3_init()
{
	const auto err = srtp_init();

	if (!err)
	{
		Replace(Aes128(), false);
		Replace(Aes256(), true);
	}

	return err;
}
