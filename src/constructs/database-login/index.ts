export { DatabaseLogin, type IamLoginOptions, type SecretLoginOptions } from './database-login';
