package tablet;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Credentials, and when they are shown.
 *
 * <p>Re-creates A12: nothing before a challenge, then unasked; Digest over http and https, Basic only over https;
 * other hosts than the server's own get an empty user and password.
 */
final class Login {
    private final String user;
    private final String password;
    private final boolean basicOverHttp;
    private final String host;
    private final Map<String, DigestChallenge> digests = new HashMap<>();
    private final Map<String, String> basics = new HashMap<>();

    Login(Options options) {
        user = options.user;
        password = options.password;
        basicOverHttp = options.basicOverHttp;
        host = URI.create(options.baseUrl).getHost();
    }

    static String pathAndQuery(URI uri) {
        return uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
    }

    /** The Authorization header for this request, or null. */
    String authorization(String method, URI uri) {
        DigestChallenge digest = digests.get(origin(uri));
        if (digest == null) return basics.get(origin(uri));
        return isHome(uri) ? digest.answer(method, uri, user, password) : digest.answer(method, uri, "", "");
    }

    /** Remember the challenge of a 401; false when trying again would be of no use. */
    boolean learn(List<String> challenges, URI uri, String sent) {
        for (String challenge : challenges)
            if (isScheme(challenge, "Digest"))
                return learnDigest(new DigestChallenge(challenge.substring(6)), uri, sent);
        for (String challenge : challenges)
            if (isScheme(challenge, "Basic") && (uri.getScheme().equals("https") || basicOverHttp))
                return learnBasic(uri, sent);
        return false;
    }

    private boolean learnDigest(DigestChallenge challenge, URI uri, String sent) {
        DigestChallenge known = digests.get(origin(uri));
        boolean isRefusal = sent != null && known != null && known.nonce.equals(challenge.nonce) && !challenge.isStale;
        if (!isRefusal) digests.put(origin(uri), challenge);
        return !isRefusal;
    }

    private boolean learnBasic(URI uri, String sent) {
        if (sent != null) return false;
        String pair = isHome(uri) ? user + ":" + password : ":";
        byte[] bytes = pair.getBytes(StandardCharsets.ISO_8859_1);
        basics.put(origin(uri), "Basic " + Base64.getEncoder().encodeToString(bytes));
        return true;
    }

    private boolean isHome(URI uri) {
        return uri.getHost() != null && uri.getHost().equalsIgnoreCase(host);
    }

    private static String origin(URI uri) {
        return uri.getScheme() + "://" + uri.getAuthority();
    }

    private static boolean isScheme(String challenge, String scheme) {
        return challenge.regionMatches(true, 0, scheme, 0, scheme.length());
    }
}
