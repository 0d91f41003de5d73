package tablet;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One Digest challenge, and the answers to it.
 *
 * <p>Re-creates A12: MD5, {@code qop=auth} or none, nc counted up, opaque returned, stale nonces renewed; the uri is
 * the path with its query (the deviceID!).
 */
final class DigestChallenge {
    private static final Pattern PAIR = Pattern.compile("(\\w+)\\s*=\\s*(?:\"([^\"]*)\"|([^,\\s]+))");

    final String nonce;
    final boolean isStale;
    private final Map<String, String> given = new HashMap<>();
    private int count;

    DigestChallenge(String challenge) {
        Matcher pair = PAIR.matcher(challenge);
        while (pair.find())
            given.put(pair.group(1).toLowerCase(Locale.ROOT), pair.group(2) != null ? pair.group(2) : pair.group(3));
        nonce = given.getOrDefault("nonce", "");
        isStale = "true".equalsIgnoreCase(given.get("stale"));
    }

    String answer(String method, URI uri, String user, String password) {
        String path = Login.pathAndQuery(uri), realm = given.getOrDefault("realm", "");
        String algorithm = given.getOrDefault("algorithm", "MD5");
        String clientNonce = DeviceId.token(16), counted = String.format("%08x", ++count);
        String secret = md5(user + ":" + realm + ":" + password), request = md5(method + ":" + path);
        if (algorithm.equalsIgnoreCase("MD5-sess")) secret = md5(secret + ":" + nonce + ":" + clientNonce);
        String middle = isAuth() ? nonce + ":" + counted + ":" + clientNonce + ":auth" : nonce;
        String header = "Digest username=\"" + user + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\""
            + path + "\", response=\"" + md5(secret + ":" + middle + ":" + request) + "\"";
        if (isAuth()) header += ", qop=auth, nc=" + counted + ", cnonce=\"" + clientNonce + "\"";
        header += ", algorithm=" + algorithm;
        return given.containsKey("opaque") ? header + ", opaque=\"" + given.get("opaque") + "\"" : header;
    }

    private boolean isAuth() {
        String offered = given.get("qop");
        return offered != null && Arrays.asList(offered.split("\\s*,\\s*")).contains("auth");
    }

    private static String md5(String text) {
        return Disk.md5(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
